"""What compaction of records costs and saves.

    python -m tests.benchmarks.compaction RESULTS

The command works on a copy of RESULTS. It prints bytes per record as single files and as Parquet, the Parquet bytes by column,
and CPU seconds (the least of three) for reading all records before and after, with the files cached, and for compacting.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq

from harness.results import ResultStore, compact, load_results


def cost(work: Callable[[], object]) -> float:
    """Return the least CPU seconds of three calls."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        work()
        spent.append(time.process_time() - began)
    return min(spent)


def reading(directory: Path) -> tuple[float, float]:
    """Return CPU seconds for reading the records, and for making the DataFrame of them."""
    return cost(lambda: list(ResultStore(directory).records())), cost(lambda: load_results(directory))


def parts(files: list[Path]) -> Counter[str]:
    """Return bytes by column; the footers of all files count as one column."""
    sizes: Counter[str] = Counter()
    for path in files:
        metadata = pq.ParquetFile(path).metadata
        sizes["footers"] += metadata.serialized_size
        for group in range(metadata.num_row_groups):
            for place in range(metadata.num_columns):
                column = metadata.row_group(group).column(place)
                sizes[column.path_in_schema.split(".list.")[0]] += column.total_compressed_size
    return sizes


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "results"
        shutil.copytree(given.results / "trials", directory / "trials")
        single = list(directory.glob("trials/*/*/*.json"))
        if not single:
            parser.error(f"no single files in '{given.results}'")
        size, before = sum(path.stat().st_size for path in single), reading(directory)
        began = time.process_time()
        compact(ResultStore(directory))
        spent, after = time.process_time() - began, reading(directory)
        files = list(directory.glob("trials/*/*.parquet"))
        count = len(list(ResultStore(directory).records()))
        packed = sum(path.stat().st_size for path in files)
        print(
            f"{count} records: {size / len(single):.0f} bytes each as single files, {packed / count:.0f} as Parquet, of which"
        )
        print("  " + ", ".join(f"{name} {bytes_ / count:.0f}" for name, bytes_ in parts(files).most_common(8)))
        print(f"CPU seconds for records() {before[0]:.2f} -> {after[0]:.2f}, load_results {before[1]:.2f} -> {after[1]:.2f}")
        print(f"CPU seconds for compacting {spent:.2f}")


if __name__ == "__main__":
    main()

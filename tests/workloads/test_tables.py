"""Census and flights: from the packages' own file formats to ids, numbers and labels."""

import io
import math
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from workloads.data.categories import fused_ids, stratified_order, stratified_parts
from workloads.data.census import CATEGORIES, EDUCATION, NUMBERS, arrays_of
from workloads.data.flights import arrays_of as flight_arrays
from workloads.models.dlrm import DLRM


def test_all_columns_share_one_table_and_unknown_values_their_columns_first_row():
    train = np.array([True, True, True, False])
    ids, rows = fused_ids([np.array(["b", "a", "b", "new"]), np.array([7, 7, 9, 9])], train)
    assert rows.tolist() == [3, 3]
    assert ids.tolist() == [[2, 4], [1, 4], [2, 5], [0, 5]]


def test_values_that_are_rare_in_training_get_no_row_of_their_own():
    ids, rows = fused_ids([np.array(["a", "a", "b"])], np.ones(3, bool), minimum=2)
    assert rows.tolist() == [2] and ids.ravel().tolist() == [1, 1, 0]


@given(st.lists(st.integers(0, 2), min_size=1, max_size=200), st.integers(0, 9))
def test_every_prefix_has_the_classes_in_proportion(labels, seed):
    labels = np.array(labels)
    order = stratified_order(labels, np.random.RandomState(seed))
    assert sorted(order) == list(range(len(labels)))
    ordered = labels[order]
    for label in np.unique(labels):
        expected = (labels == label).mean() * np.arange(1, len(labels) + 1)
        assert np.abs(np.cumsum(ordered == label) - expected).max() <= 2


def test_parts_have_the_stated_sizes_and_share_no_example():
    parts = stratified_parts(np.arange(30) % 3 == 0, {"validation": 6, "test": 9}, rest="train")
    assert {name: len(indices) for name, indices in parts.items()} == {"validation": 6, "test": 9, "train": 15}
    assert sorted(np.concatenate(list(parts.values()))) == list(range(30))


def person(weeks, education, age="30"):
    """A line of the official file: 42 fields."""
    fields = [" x"] * 42
    for column in NUMBERS.values():
        fields[column] = " 0"
    fields[0], fields[CATEGORIES["weeks worked"]], fields[EDUCATION] = age, f" {weeks}", f" {education}"
    return ",".join(fields)


def test_the_census_keeps_those_who_worked_and_reads_labels_and_numbers():
    school, some, doctor = "High school graduate", "Some college but no degree", "Doctorate degree(PhD EdD)"
    train = "\n".join([person(52, some, "41"), person(0, doctor)] + [person(20, school)] * 3)
    test = "\n".join([person(52, doctor, "17"), person(0, some)])
    arrays = arrays_of(train.encode(), test.encode(), validation=2)
    assert {part: len(arrays[f"{part}_labels"]) for part in ("train", "validation", "test")} == {
        "train": 2,
        "validation": 2,
        "test": 1,
    }
    assert arrays["train_labels"].sum() + arrays["validation_labels"].sum() == 1
    assert arrays["test_labels"].tolist() == [1]
    assert arrays["test_numbers"].tolist() == [[17, 0, 0, 0, 0]]
    assert len(arrays["rows"]) == len(CATEGORIES)
    assert EDUCATION not in CATEGORIES.values()


FLIGHTS = """\
year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,carrier,flight,tailnum,origin,dest,\
air_time,distance,hour,minute,time_hour
2013,1,1,517,515,2,830,819,16,UA,1545,N1,EWR,IAH,227,1400,5,15,t
2013,1,1,533,529,4,850,830,15,UA,1714,N2,LGA,IAH,227,1416,5,29,t
2013,1,1,,600,,,700,,AA,1,N1,EWR,MIA,,1000,6,0,t
2013,1,2,533,529,4,850,830,-5,UA,1714,N2,LGA,IAH,227,1416,5,29,t
"""
WEATHER = """origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,pressure,visib,time_hour
EWR,2013,1,1,5,39.0,28.0,64.4,260,12.6,,0,1011,10,t
EWR,2013,1,1,5,11.0,28.0,64.4,260,12.6,,0,1011,10,t
"""
PLANES = """tailnum,year,type,manufacturer,model,engines,seats,speed,engine
N1,1999,t,m,A320,2,182,,e
"""


def test_flights_join_weather_and_planes_without_extra_rows_and_missing_numbers_are_filled():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("flights.csv", FLIGHTS)
    arrays = flight_arrays(packed.getvalue(), WEATHER.encode(), PLANES.encode(), validation=0, test=0)
    assert sorted(arrays["train_labels"].tolist()) == [0, 0, 1]  # 15 minutes are not late, and one never arrived
    late = arrays["train_numbers"][arrays["train_labels"] == 1][0].tolist()
    assert late[:5] == [5 * 60 + 15, 8 * 60 + 19, 1400, 1999, 39]
    assert np.isfinite(arrays["train_numbers"]).all()


def test_the_model_uses_every_id_and_every_pair_once():
    model = DLRM(rows=9, fields=3, inputs=2, positives=0.5, embedding=4, bottom=(5,), top=(6,))
    assert model.top[0].in_features == 4 + 4 * 3 // 2
    numbers, one, other = torch.randn(1, 2), torch.tensor([[0, 3, 6]]), torch.tensor([[0, 3, 7]])
    assert not torch.equal(model(one, numbers), model(other, numbers))
    assert model(one, numbers).shape == (1,)


def test_batchnorm_fixes_level_and_spread_of_the_log_odds_for_any_output_of_the_perceptron():
    torch.manual_seed(0)
    model = DLRM(rows=9, fields=3, inputs=2, positives=0.2, embedding=4, bottom=(5,), top=(6,), batch_norm=True)
    with torch.no_grad():
        model.output.weight.mul_(50).add_(3)
    odds = model(torch.randint(0, 9, (512, 3)), torch.randn(512, 2))
    assert odds.mean().item() == pytest.approx(math.log(0.2 / 0.8), abs=1e-4)
    assert odds.std(unbiased=False).item() == pytest.approx(0.1, rel=1e-3)

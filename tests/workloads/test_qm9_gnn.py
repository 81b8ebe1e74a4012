"""QM9's tables are read correctly; the output is invariant to order and orientation; absent atoms have no effect."""

import numpy as np
import pytest
import torch

from harness import DataUnavailable
from workloads.data.qm9 import HELD_OUT, molecules, qm9
from workloads.qm9_gnn import DEVIATION, MEAN_ABSOLUTE_DEVIATION, MEDIAN, Qm9Gnn

METHANOL = (
    "\"dsgdb9nsd_000008.xyz\",8,\"CO\",\"InChI=1S/CH4O/c1-2/h2H,1H3\",6,\"[4,1,0,1,0]\",\"['C','O','H','H','H','H']\","
    '"[[-0.0082881667,1.3904697792,-0.0056006901],[-0.0079703813,-0.0250453723,0.0203060595],'
    "[1.0065833848,1.8155636589,0.0034833514],[-0.5465747513,1.7991697458,-0.8739012577],"
    '[-0.5228887142,1.7255524029,0.8990732632],[0.4414201887,-0.3335442546,-7.715*^-1]]",'
    '"[-0.22018,-0.403148,0.102778,0.102783,0.131574,0.286193]","[324.3956,1056.1405]",'
    "127.83497,24.85872,23.97872,1.5258,16.97,-0.2653,0.0784,0.3437,83.794,0.051208,-115.679136,-115.675816,-115.674872,"
    "-115.701876,8.751\n"
)
WATER = (
    '"dsgdb9nsd_000003.xyz",3,"O","InChI=1S/H2O/h1H2",3,"[2,0,0,1,0]","[\'H\',\'O\',\'H\']",'
    '"[[-0.0343604951,0.9775395708,0.0076015923],[0.,0.0205721989,0.0015346341],[0.8717903737,1.3007924048,0.0006931336]]",'
    '"[-0.589706,0.294853,0.294853]","[1671.4222]",799.58812,437.90386,282.94545,1.8511,6.31,-0.2928,0.0687,3.615*^-1,19.\n'
)


@pytest.fixture
def model():
    torch.manual_seed(0)
    return Qm9Gnn("laptop").build_model().double().eval()


def batch():
    generator = torch.Generator().manual_seed(0)
    elements = torch.randint(1, 5, (6, 9), generator=generator, dtype=torch.uint8)
    elements[:, 6:] = 0
    hydrogens = torch.randint(0, 4, (6, 9), generator=generator, dtype=torch.uint8) * (elements > 0)
    return elements, hydrogens, torch.randn(6, 9, 3, generator=generator, dtype=torch.float64) * 1.5


def test_a_line_gives_heavy_atoms_with_their_hydrogens_and_the_gap():
    arrays = molecules([METHANOL, WATER])
    assert arrays["elements"].tolist() == [[1, 3, *[0] * 7], [3, *[0] * 8]]
    assert arrays["hydrogens"].tolist() == [[3, 1, *[0] * 7], [2, *[0] * 8]]
    assert arrays["gap"] == pytest.approx([0.3437 * 27.2114, 0.3615 * 27.2114])
    assert arrays["places"].dtype == np.int16
    assert arrays["places"][0, :3].tolist() == [[0, 708, -13], [0, -708, 13], [0, 0, 0]]


def test_stated_facts_are_those_of_the_training_part(loaded):
    data = loaded(Qm9Gnn("laptop"))
    gaps = data["train"]["gap"].double()
    assert gaps.median().item() == pytest.approx(MEDIAN, abs=1e-3)
    assert gaps.std().item() == pytest.approx(DEVIATION, abs=1e-4)
    assert (gaps - gaps.median()).abs().mean().item() == pytest.approx(MEAN_ABSOLUTE_DEVIATION, abs=1e-4)
    assert len(data["validation"]["gap"]) == len(data["test"]["gap"]) == HELD_OUT


def test_order_rotation_and_translation_of_atoms_do_not_matter(model):
    elements, hydrogens, places = batch()
    order = torch.tensor([3, 8, 0, 5, 1, 7, 2, 4, 6])
    rotation = torch.linalg.qr(torch.randn(3, 3, dtype=torch.float64)).Q
    with torch.no_grad():
        expected = model(elements, hydrogens, places)
        assert torch.allclose(model(elements[:, order], hydrogens[:, order], places[:, order]), expected)
        assert torch.allclose(model(elements, hydrogens, places @ rotation + 2.0), expected)


def test_absent_atoms_have_no_effect_and_present_ones_do(model):
    elements, hydrogens, places = batch()
    absent, present = places.clone(), places.clone()
    absent[:, 6:] += 1.0
    present[:, 0] += 1.0
    with torch.no_grad():
        expected = model(elements, hydrogens, places)
        assert torch.allclose(model(elements, hydrogens, absent), expected)
        assert not torch.allclose(model(elements, hydrogens, present), expected)


def test_the_metric_is_absolute_error_in_ev():
    workload = Qm9Gnn("laptop")
    examples = {"gap": torch.tensor([MEDIAN, MEDIAN + 1.0])}
    metrics = workload.example_metrics(torch.tensor([0.0, -1.0]), examples)
    assert metrics["mae"].tolist() == pytest.approx([0.0, DEVIATION + 1.0], abs=1e-5)
    losses = workload.example_losses(torch.tensor([0.5, 3.0]), {"gap": torch.tensor([MEDIAN, MEDIAN])})
    assert losses.tolist() == pytest.approx([0.125, 2.5], abs=1e-5)


def test_where_no_source_of_qm9_works_one_line_says_why(cut_off):
    with pytest.raises(DataUnavailable) as error:
        qm9(cut_off)
    assert "\n" not in str(error.value) and "qm9pack==1.0.3 is not available" in str(error.value)
    assert list(cut_off.iterdir()) == []

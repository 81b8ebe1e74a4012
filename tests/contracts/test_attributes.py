"""A plug-in class is checked when it is defined: a misspelt name is an error that names the right one."""

import pytest

from harness import ContractError, DataFacts, Size, TrainingAlgorithm, Workload, schedule

DATA = DataFacts("made here", "none", "none", "images")


def misspelt_algorithm() -> None:
    class Mine(TrainingAlgorithm):
        def update(self, batch): ...
        def slect(self): ...


def misspelt_workload() -> None:
    class Mine(Workload):
        name, data, sizes = "mine", DATA, {"smoke": Size(1, 1, 1)}

        def load(self, directory): ...
        def build_model(self): ...
        def forward(self, model, examples): ...
        def example_losses(self, outputs, examples): ...
        def agregate(self, means): ...


def misspelt_loop() -> None:
    @schedule(anytime=True, listens="training_loss")
    class mine:
        def observe(self, feedback): ...
        def multiplyer(self, step): ...


@pytest.mark.parametrize(
    ("define", "wrong", "right"),
    [
        (misspelt_algorithm, "Mine.slect is not part of a TrainingAlgorithm", "select"),
        (misspelt_workload, "Mine.agregate is not part of a Workload", "aggregate"),
        (misspelt_loop, "mine.multiplyer is not part of a closed-loop schedule", "multiplier"),
    ],
)
def test_a_misspelt_attribute_is_an_error_that_names_the_nearest_one(define, wrong, right):
    with pytest.raises(ContractError) as error:
        define()
    assert wrong in str(error.value) and f"did you mean '{right}'?" in str(error.value)


def test_attributes_that_start_with_an_underscore_are_the_plug_ins_own():
    class Mine(TrainingAlgorithm):
        """Does nothing.

        More words.
        """

        _slect = 1

        def update(self, batch): ...

    assert (Mine.name, Mine.summary) == ("mine", "Does nothing.")


def test_an_unknown_signal_is_an_error_that_names_the_nearest_one():
    with pytest.raises(ContractError, match="'training_los', which is not a signal; did you mean 'training_loss'"):

        class Mine(TrainingAlgorithm):
            listens = ("training_los",)

            def update(self, batch): ...

    with pytest.raises(ContractError, match="did you mean 'gradient_norm_l2'"):

        @schedule(anytime=True, listens="gradient_norm_l3")
        class mine:
            def observe(self, feedback): ...
            def multiplier(self, step): ...

"""What submissions may try in order to win, and must not gain by."""

from __future__ import annotations

from tests.faults.fault import WON, Fault, in_file

SETUP, TAMPERING = "trial/test_hostile_setup.py", "trial/test_hostile_tampering.py"
ACCEPTANCE, COUNTS = "execution/test_acceptance.py", "trial/test_hostile_counts.py"
PLUGINS, JUDGING = "trial/test_hostile_plugins.py", "trial/test_hostile_judging.py"
AUDIT, AUDIT_VERB = "checking/test_audit.py", "cli/test_audit.py"

WON_ROWS = tuple(
    Fault(WON, done, expected, tests)
    for done, expected, tests in (
        (
            "training in the constructor, and loading the weights in step 1",
            "the trial fails; what cannot be prevented is recorded as the constructor's seconds",
            (
                *in_file(SETUP, "a_backward_pass_through_the_model_or_a_copy_in_the_constructor_fails_the_trial"),
                *in_file(SETUP, "what_a_constructor_computes_without_autograd_is_recorded_as_its_seconds"),
                *in_file(JUDGING, "a_trial_fails_if_anything_was_trained_or_replaced_before_the_clock_ran"),
            ),
        ),
        (
            "a batch whose size or examples are changed",
            "refused, or charged for what it holds",
            in_file(
                COUNTS,
                *("what_was_drawn_and_counted_cannot_be_changed", "a_batch_of_another_making_is_refused"),
                "a_forged_batch_with_the_task_s_seal_is_charged_for_every_example_that_it_holds",
            ),
        ),
        (
            "a patched clock that records negative seconds, or a patched Stopwatch",
            "the recorded seconds are right, or the trial fails",
            (
                *in_file(PLUGINS, "patched_clocks_do_not_change_the_recorded_seconds"),
                *in_file(TAMPERING, "a_function_that_was_replaced_fails_the_trial_at_the_next_evaluation_and_is_put_back"),
                *in_file(ACCEPTANCE, "a_record_that_cannot_be_true_becomes_a_failed_one_that_says_why"),
            ),
        ),
        (
            "evaluations appended through frames",
            "the trial fails; the driver recomputes hits and status",
            (
                *in_file(TAMPERING, "evaluations_that_were_not_made_fail_the_trial"),
                *in_file(ACCEPTANCE, "a_record_that_cannot_be_true_becomes_a_failed_one_that_says_why"),
                *in_file(ACCEPTANCE, "what_really_happened_is_accepted_as_it_is"),
            ),
        ),
        (
            "data or a metric of the workload replaced in memory",
            "the trial fails, and no other one suffers",
            in_file(
                TAMPERING,
                "data_that_are_changed_in_memory_fail_the_trial",
                "a_metric_that_is_replaced_on_the_workload_s_instance_fails_the_trial_and_is_gone_afterwards",
            ),
        ),
        (
            "a record is edited and sealed again",
            "`timetrial audit` names it and exits 1; what it could not compare, it says",
            (
                *in_file(AUDIT_VERB, "one_edited_record_is_named_and_the_exit_status_is_1"),
                *in_file(AUDIT, "a_metric_that_was_improved_and_sealed_again_is_found"),
                *in_file(AUDIT, "records_that_cannot_be_compared_are_counted_by_the_reason"),
                *in_file(AUDIT_VERB, "on_another_machine_type_it_compares_within_a_tolerance"),
            ),
        ),
    )
)

"""Faults that must not take a run down."""

from __future__ import annotations

from tests.faults.fault import RUNS, Fault, in_file

DISPATCH, LIES, RAY = "execution/test_dispatch.py", "execution/test_lying_workers.py", "execution/test_ray_faults.py"
DEATHS, EXECUTORS = "execution/test_deaths.py", "execution/test_executors.py"
GUARD, INTERRUPTS = "trial/process/test_guard.py", "trial/process/test_interrupts.py"
MEMORY, OUTPUT = "trial/process/test_memory_limit.py", "trial/process/test_output.py"
FAILURES, WORKER = "trial/process/test_failures.py", "execution/test_worker.py"
CLAIMS, SHARED = "execution/test_claims.py", "execution/test_shared_results.py"
NEIGHBOURS, SOAK = "execution/test_hostile_neighbours.py", "execution/test_soak.py"
FILES, DIRECTORIES, SCHEMAS = "results/test_bad_files.py", "results/test_bad_directories.py", "test_schemas.py"

RUN_ROWS = tuple(
    Fault(RUNS, done, expected, tests)
    for done, expected, tests in (
        (
            "another program takes the machine's memory, and Ray's monitor kills the workers",
            "one line; fresh workers; the trials run again and their deaths do not count",
            (
                *in_file(RAY, "another_program_takes_the_memory_and_the_memory_monitor_kills_the_workers"),
                *in_file(DEATHS, "shortages_of_the_machine_do_not_count_until_there_are_many"),
            ),
        ),
        (
            "a process of Ray is killed: its keeper, a raylet, the head, a worker",
            "the run goes on, with the same records",
            in_file(RAY, "the_run_goes_on_when_processes_of_ray_are_killed"),
        ),
        (
            "a worker dies by its trial's doing, twice",
            "the trial is `killed` (or `out-of-memory`), the others run",
            (
                *in_file(DISPATCH, "deaths_leave_killed_trials_and_the_honest_records_to_the_last_bit"),
                *in_file(DEATHS, "a_trial_that_dies_twice_by_its_own_doing_is_recorded"),
            ),
        ),
        (
            "a plug-in fills memory: private, shared, with tensors, with a list",
            "the trial is `out-of-memory`, the next one is as without it",
            (
                *in_file(MEMORY, "a_trial_that_fills_memory_is_out_of_memory_and_the_next_one_is_as_without_it"),
                *in_file(MEMORY, "a_worker_whose_resident_size_stays_over_the_limit_ends_itself_with_a_status_of_its_own"),
            ),
        ),
        (
            "a batch of 10^12 examples, of 0, of -5, of 0.5",
            "the trial fails before anything is drawn",
            in_file("faults/test_batch_sizes.py", "a_batch_size_that_is_no_size_fails_the_trial_before_anything_is_drawn"),
        ),
        (
            "torch's allocator fails with a RuntimeError",
            "`out-of-memory`",
            in_file(MEMORY, "every_allocators_error_counts_as_out_of_memory"),
        ),
        (
            "a time limit rings, also inside an import or a call that holds the interpreter",
            "`timeout`; the worker is replaced",
            (
                *in_file(DISPATCH, "a_worker_whose_limit_has_rung_is_replaced"),
                *in_file(DISPATCH, "a_worker_that_silences_its_own_watchdogs_is_killed_by_the_driver"),
                *in_file(EXECUTORS, "a_plug_in_that_holds_the_interpreter_is_ended_by_the_time_limit_and_the_run_goes_on"),
                *in_file(WORKER, "a_worker_whose_limit_was_hit_is_to_be_replaced"),
                *in_file(
                    "faults/test_time_limits.py",
                    "a_worker_that_its_own_watchdog_ends_is_a_timeout_and_its_trial_is_not_run_again",
                ),
            ),
        ),
        (
            "a plug-in changes its process: default device, modes, builtins, torch's functions, the workload's data",
            "what can be restored is; the trial that replaced a function fails; the worker is replaced otherwise",
            (
                *in_file(GUARD, "what_a_trial_changes_in_its_process_is_restored", "what_cannot_be_restored_is_reported"),
                *in_file(GUARD, "functions_and_data_that_a_trial_replaces_are_named_and_functions_are_put_back"),
                *in_file(WORKER, "data_that_a_trial_changed_are_loaded_again"),
            ),
        ),
        (
            "every hostile plug-in that was tried runs beside honest ones",
            "the honest records are bit-identical to those without it, on both executors",
            (
                *in_file(NEIGHBOURS, "a_dozen_hostile_plug_ins_do_nothing_to_honest_ones"),
                *in_file(NEIGHBOURS, "no_hostile_plug_in_does_anything_to_honest_ones"),
            ),
        ),
        (
            "the time limit's clock: a worker's start-up, and a death under a limit",
            "it counts from the trial's start; a death is `killed`, retried once",
            (
                *in_file(WORKER, "the_time_of_loading_a_submission_counts"),
                *in_file(DEATHS, "a_trial_that_dies_twice_by_its_own_doing_is_recorded"),
                *in_file(DEATHS, "who_was_killed_for_its_time_is_a_timeout_at_once"),
            ),
        ),
        (
            "a plug-in raises KeyboardInterrupt, or signals its own process",
            "the trial fails; only a signal from outside interrupts",
            (
                *in_file(INTERRUPTS, "a_plug_in_that_ends_or_interrupts_its_process_fails_its_trial"),
                *in_file(INTERRUPTS, "ctrl_c_from_outside_ends_the_trial_without_a_record_even_if_the_plug_in_catches_it"),
            ),
        ),
        (
            "an inline run dies of a trial",
            "the same command goes on; the trial runs in a worker process this time",
            in_file(DISPATCH, "a_trial_whose_run_died_of_it_runs_in_a_worker_process_the_next_time"),
        ),
        (
            "Ctrl-C, and again",
            "one line each: what is kept, how to go on",
            (
                *in_file(RAY, "a_second_interrupt_is_heard"),
                *in_file(EXECUTORS, "an_interrupted_run_keeps_what_is_done_and_says_how_to_resume"),
            ),
        ),
        ("the head of a cluster dies", "one line, and what is recorded is kept", in_file(RAY, "the_head_of_a_cluster_dies")),
        (
            "a Ray that somebody left; an address where something else listens, or nothing",
            "it is not joined; one line",
            (
                *in_file(RAY, "a_cluster_that_somebody_left_is_not_joined"),
                *in_file(RAY, "an_address_where_something_else_listens_is_one_line"),
                *in_file(EXECUTORS, "an_address_at_which_nothing_answers_is_bad_input"),
            ),
        ),
        (
            "Ray is not installed, or does not start",
            "the trials run inline, and one line says so",
            in_file(
                RAY, "where_ray_cannot_start_trials_run_inline_with_one_line", "without_ray_trials_run_inline_with_one_line"
            ),
        ),
        (
            "two runs in one directory; one of them is killed, or stands still",
            "each trial runs once; the other run takes over",
            (
                *in_file(SHARED, "two_runs_share_out_the_trials_and_both_write_the_whole_board"),
                *in_file(SHARED, "a_run_takes_over_the_trials_of_one_that_was_killed_and_waits_for_one_that_stands_still"),
                *in_file(CLAIMS, "a_death_releases_claims_and_the_next_run_learns_of_it"),
            ),
        ),
        (
            "the command is killed ten times; workers are killed at random; memory runs short outside",
            "at the end exactly the records of the plan; no orphans, no growth, no files left",
            (
                *in_file(SOAK, "a_small_soak_leaves_exactly_the_records_of_the_plan"),
                *in_file("execution/test_kill.py", "kills_of_the_driver_lose_nothing"),
            ),
        ),
        (
            "a worker says that its rival is beaten, or sends another trial's record, or no record",
            "only the driver tells; the worker's own trial fails",
            (
                *in_file(LIES, "a_worker_cannot_speak_of_another_trial"),
                *in_file(LIES, "a_worker_that_sends_no_valid_record_fails_its_own_trial"),
                *in_file(LIES, "strangers_who_connect_get_nothing_and_stop_nothing"),
            ),
        ),
        (
            "records that are devices, pipes, links, endless, ill-typed, sealed all the same",
            "each is set aside with one line; its trial runs again",
            (
                *in_file(FILES, "a_report_names_a_bad_record_leaves_it_where_it_is_and_reads_the_others"),
                *in_file(FILES, "a_run_sets_a_bad_record_aside_and_its_trial_runs_again"),
                *in_file(DIRECTORIES, "bad_files_beside_a_board_are_a_line_each_on_every_verb_and_change_no_row"),
                *in_file(SCHEMAS, "a_field_has_a_value_of_its_kind_or_the_record_is_not_read"),
            ),
        ),
        (
            "10 MB of exception text; control characters in it; floods of output",
            "capped, cleaned, and nothing on the terminal",
            (
                *in_file(FAILURES, "any_exception_is_one_short_clean_line_and_a_traceback_of_limited_size"),
                *in_file(SCHEMAS, "a_reason_of_10_mb_is_cut_when_it_is_written_and_when_it_is_read"),
                *in_file(OUTPUT, "of_a_flood_the_beginning_and_the_end_are_kept", "control_characters_are_written_as_escapes"),
            ),
        ),
        (
            "a trial fails after it has printed something",
            "its output and the whole traceback are beside its record, whose reason names the files",
            (
                *in_file(WORKER, "a_failed_trial_leaves_its_traceback_and_its_output_and_its_reason_names_both"),
                *in_file(EXECUTORS, "a_failing_plug_in_is_reported_and_the_others_get_their_board"),
            ),
        ),
        (
            "the disk is full, or the results directory cannot be written",
            "plain lines; the next run goes on",
            (
                *in_file(DIRECTORIES, "a_disk_that_is_full_ends_a_run_in_plain_lines_and_the_next_run_goes_on"),
                *in_file(EXECUTORS, "a_full_disk_or_an_unwritable_directory_is_one_plain_line"),
            ),
        ),
    )
)

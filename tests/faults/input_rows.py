"""Input that real people have, and that must be read or refused in one line."""

from __future__ import annotations

from tests.faults.fault import INPUT, Fault, in_file

CURVE, TREE, VERSION = "compat/test_log_curve.py", "compat/test_log_tree.py", "compat/test_log_version.py"
TERMINALS, BROKEN = "cli/test_terminals.py", "cli/test_broken_plugins.py"
RECIPES, SWITCH, LIBRARIES = "trial/test_recipes.py", "trial/test_recipes_that_switch.py", "registry/test_libraries.py"
RETURNED, STEPS, DECLARED = (
    "contracts/test_returned_values.py",
    "contracts/test_whole_steps.py",
    "contracts/test_declarations.py",
)
SAMPLING, FILES = "cli/test_sampling.py", "results/test_bad_files.py"

INPUT_ROWS = tuple(
    Fault(INPUT, done, expected, tests)
    for done, expected, tests in (
        (
            "AlgoPerf logs whose clock is blank, infinite, zero, negative or runs backwards",
            "whole lines count; one note with file and line; one bad log never takes the board",
            (
                *in_file(CURVE, "whole_lines_count_and_each_oddity_is_one_note_with_its_line"),
                *in_file(CURVE, "a_log_without_a_usable_time_is_a_failed_trial_with_a_reason"),
                *in_file("cli/test_algoperf.py", "logs_without_a_usable_clock_fail_and_the_others_are_scored"),
            ),
        ),
        (
            "logs with a byte-order mark, a last line cut by a kill, a repeated header, NaN metrics; any bytes at all",
            "read as far as they go; never a traceback",
            (
                *in_file(CURVE, "whole_lines_count_and_each_oddity_is_one_note_with_its_line"),
                *in_file(CURVE, "no_content_ends_in_a_traceback_or_in_a_clock_that_is_not_finite"),
                *in_file("compat/test_algoperf_logs.py", "nan_never_meets_a_target"),
            ),
        ),
        (
            "folders a step off the expected tree, compressed logs, only measurements",
            "read where they are clear, else noted",
            (
                *in_file(TREE, "names_of_directories_are_read_where_they_are_clear"),
                *in_file(TREE, "a_submission_of_which_nothing_is_read_is_noted"),
                *in_file(TREE, "compressed_logs_and_measurements_are_read_where_there_is_nothing_better"),
            ),
        ),
        (
            "trials without a log; misses that end before a twentieth of the budget",
            "they are failed trials",
            (
                *in_file(TREE, "a_trial_without_a_log_fails_unless_its_whole_study_has_none"),
                *in_file(TREE, "a_miss_that_ends_before_a_twentieth_of_the_budget_has_failed"),
            ),
        ),
        (
            "v0.6 logs without `--targets`; a workload to be left out",
            "the version is recognised, or said to be assumed; `--without` makes another board",
            (
                *in_file(VERSION, "the_version_is_recognised_from_the_path"),
                *in_file(VERSION, "a_version_that_nothing_tells_is_assumed_with_a_note"),
                *in_file(VERSION, "a_workload_can_be_left_out_and_makes_another_board"),
            ),
        ),
        (
            "a terminal that is not UTF-8; closed or full standard output",
            "spelled in ASCII, or one line",
            (
                *in_file(TERMINALS, "what_a_terminal_cannot_show_is_spelled_in_ascii"),
                *in_file(TERMINALS, "a_full_disk_under_standard_output_is_one_line_and_no_success"),
            ),
        ),
        (
            "no home directory",
            "one line that says what to set; with it, the run works",
            (
                *in_file(TERMINALS, "a_user_without_a_home_directory_is_told_what_to_set"),
                *in_file(TERMINALS, "a_user_without_a_home_directory_runs_once_the_data_have_a_place"),
            ),
        ),
        (
            "dot files, companions of macOS and of editors in results",
            "passed over; copies of conflicts are one line",
            in_file(FILES, "companions_of_systems_and_editors_are_passed_over_and_copies_of_conflicts_are_one_line"),
        ),
        (
            "file names with dots, spaces and quotes",
            "they work, with a helper beside them",
            in_file(TERMINALS, "a_plug_in_s_file_may_have_dots_spaces_and_quotes_and_a_helper_beside_it"),
        ),
        (
            "CSV files that a spreadsheet has saved",
            "marks and decimal commas are read, or noted",
            (
                *in_file(VERSION, "the_budgets_of_a_targets_file_are_its_own_and_a_mark_at_its_start_is_read"),
                *in_file(CURVE, "a_decimal_comma_is_never_mistaken_for_a_separator_of_thousands"),
            ),
        ),
        (
            "a schedule that indexes a list by its step",
            "`run` runs what `curve` draws",
            in_file(STEPS, "a_schedule_that_indexes_a_list_by_its_step_runs_as_it_is_drawn"),
        ),
        (
            "integers beyond float, strings as numbers, None, arrays, 1.01 once",
            "numbers of any type are taken; the rest is one line, before a worker starts",
            (
                *in_file(RETURNED, "a_real_number_of_any_type_is_a_multiplier"),
                *in_file(RETURNED, "everything_else_is_one_line_that_names_schedule_place_step_and_value"),
                *in_file(SAMPLING, "the_command_says_so_with_status_2_and_writes_nothing"),
            ),
        ),
        (
            "a recipe returns no optimizer, several, one with a required closure, one that adds groups later",
            "handled, or one line that names the plug-in and what to write",
            (
                *in_file(RECIPES, "what_no_trial_can_train_with_is_one_line_that_says_what_to_write"),
                *in_file(RECIPES, "a_group_that_is_added_later_is_refused"),
                *in_file(LIBRARIES, "a_dozen_optimizers_run_or_are_refused_in_one_line"),
            ),
        ),
        (
            "an optimizer with train() and eval()",
            "both are called around judging",
            in_file(SWITCH, "the_weights_that_eval_writes_are_judged_and_those_that_train_writes_are_trained"),
        ),
        (
            "a plug-in that cannot be listed, or imported, or whose import never ends",
            "`list` and `doctor` show it with its line; other submissions run",
            (
                *in_file(BROKEN, "each_broken_plug_in_is_listed_last_with_its_line", "the_doctor_counts_them"),
                *in_file(
                    BROKEN, "other_submissions_run_and_all_says_what_it_leaves_out", "an_import_that_never_ends_is_one_line"
                ),
                *in_file(
                    "execution/test_hostile_neighbours.py", "a_file_that_cannot_be_imported_is_refused_before_anything_runs"
                ),
            ),
        ),
        (
            "a space or defaults that are declared wrongly",
            "one line when it is declared",
            in_file(DECLARED, "a_wrong_declaration_is_one_line_that_says_what_to_write"),
        ),
        (
            "more than 150 mistakes on the command line, on every verb",
            "status 2, one line, nothing written",
            in_file(
                "cli/test_bad_input.py",
                *("the_table_is_large_and_covers_every_verb", "a_mistake_is_one_line_with_status_2_and_nothing_is_written"),
            ),
        ),
    )
)

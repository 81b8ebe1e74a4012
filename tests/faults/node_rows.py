"""Faults of the nodes of a cluster that must not take a run down."""

from __future__ import annotations

from tests.faults.fault import RUNS, Fault, in_file

NODES, LAST, TWO = "execution/test_nodes.py", "execution/test_last_nodes.py", "execution/test_two_nodes.py"
TRAVEL, DISPATCH = "execution/test_travel.py", "execution/test_dispatch.py"

NODE_ROWS = tuple(
    Fault(RUNS, done, expected, tests)
    for done, expected, tests in (
        (
            "a node of a cluster dies while trials run, and another one joins",
            "the records of a run in one process, to the last bit",
            in_file(TWO, "nodes_that_do_not_see_the_drivers_files_and_die_and_join_change_nothing"),
        ),
        (
            "a cluster loses all nodes but its head, or others hold its devices",
            "a line at once, repeated rarely, with which nodes went and how to stop; the run goes on when a node joins",
            (
                *in_file(TWO, "a_cluster_of_which_only_the_head_is_left_is_waited_for_with_a_line"),
                *in_file(
                    LAST,
                    "a_cluster_that_has_lost_its_nodes_is_waited_for_with_a_line_and_goes_on_when_one_joins",
                    "a_run_that_has_lost_its_nodes_but_for_one_that_is_left_out_names_both",
                    "a_run_whose_devices_others_hold_says_so",
                    "a_pool_whose_cluster_has_no_node_left_does_not_give_it_up",
                ),
            ),
        ),
        (
            "the last usable node is left out while trials run there",
            "these end and are recorded; then the run stops with a line",
            in_file(LAST, "what_runs_on_the_last_node_when_it_is_left_out_ends_and_is_recorded_before_the_run_stops"),
        ),
        (
            "a worker dies on a node that lives",
            "its trial runs again on another node if there is one, and on this one if there is none",
            in_file(
                LAST,
                "a_trial_that_is_run_again_goes_to_another_node_if_there_is_one",
                "a_trial_that_is_run_again_alone_goes_to_another_node_too",
                "a_trial_waits_a_while_for_a_worker_that_another_node_is_starting_and_not_for_ever",
            ),
        ),
        (
            "a node loses its device, or every worker on it dies",
            "it is left out after three failures in a row, with the reason; no trial is lost to it",
            (
                *in_file(NODES, "a_node_whose_device_is_dead_is_left_out_after_three_tries_in_a_row"),
                *in_file(NODES, "a_node_on_which_three_workers_in_a_row_die_is_left_out_and_deadly_submissions_blame_none"),
                *in_file(DISPATCH, "a_node_on_which_every_worker_dies_loses_no_trial"),
                *in_file(LAST, "a_run_whose_only_machine_fails_goes_on_with_the_workers_that_have_shown_that_they_run_trials"),
            ),
        ),
        (
            "a node has other versions, other rules, another type of machine, or no timetrial",
            "it is not used, and one line says why",
            (
                *in_file(NODES, "a_node_with_other_versions_is_not_used_and_one_line_says_so"),
                *in_file(NODES, "rules_that_differ_are_refused_even_where_nodes_may_be_mixed"),
                *in_file(NODES, "the_machine_type_that_most_workers_have_runs_the_trials"),
                *in_file(TWO, "a_node_with_other_versions_and_one_without_timetrial_are_not_used"),
            ),
        ),
        (
            "a node has no data, or not the text that `TIMETRIAL_TEXT` names at the driver",
            "it is left out, and one line says what to do; no trial is lost to it",
            (
                *in_file(NODES, "a_node_without_data_is_left_out_at_once"),
                *in_file(TRAVEL, "a_node_without_the_text_names_the_variable_and_what_to_do"),
                *in_file(TRAVEL, "a_node_without_the_text_is_left_out_with_one_line_that_names_it"),
            ),
        ),
        (
            "a node does not see the driver's folder",
            "plug-ins travel, and are refused if they arrive changed; the records are those of a run beside them",
            (
                *in_file(TRAVEL, "plug_ins_that_only_the_driver_has_give_the_records_of_a_run_beside_them"),
                *in_file(TRAVEL, "files_that_were_changed_on_their_way_are_refused"),
                *in_file(TWO, "nodes_that_do_not_see_the_drivers_files_and_die_and_join_change_nothing"),
            ),
        ),
    )
)

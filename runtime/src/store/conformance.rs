//! The conformance suite of stores, as tests: one line for each backend.
//!
//! ```
//! # use steadfast::store::MemoryStore;
//! steadfast::conformance!(memory, MemoryStore::new, MemoryStore::clone);
//! # fn main() {}
//! ```
//!
//! The line makes a module with one `#[test]` for each case. The first expression is called for an empty store, more than
//! once in some cases; the second one for another connection to the database of a store. A third one, if there is one, says
//! whether the database is there: if not, the cases are skipped, and the expression says so.

#![allow(clippy::missing_panics_doc, reason = "a test panics when the rule in its first line is broken")]

mod rig;

pub mod acts;
pub mod append;
pub mod belongings;
pub mod connections;
pub mod delete;
pub mod find;
pub mod forks;
pub mod import;
pub mod inbox;
pub mod indexed;
pub mod inspection;
pub mod labels;
pub mod lease;
pub mod limits;
pub mod outgoing;
pub mod outputs;
pub mod overlaps;
pub mod places;
pub mod queues;
pub mod replace;
pub mod requests;
pub mod schedules;
pub mod start;
pub mod tasks;
pub mod traces;
pub mod values;
pub mod watch;

/// Makes one test for each rule that a store must keep; see [`store::conformance`](crate::store::conformance).
#[macro_export]
macro_rules! conformance {
    ($backend:ident, $open:expr, $again:expr $(, $ready:expr)?) => {
        mod $backend {
            #[allow(unused_imports, reason = "the expression may name anything from where it stands")]
            use super::*;

            $crate::conformance! { @cases $open, [$($ready)?];
                start: a_run_begins_running_and_due,
                start: an_id_that_is_taken_answers_with_its_run,
                start: a_lost_lease_starts_nothing,
                start: the_first_entry_is_number_one,
                start: several_entries_begin_a_run,
                start: a_deduplication_key_is_held_until_the_end,
                start: ids_of_any_kind_are_exact,
                append: entries_come_back_as_they_were,
                append: entries_are_read_in_pages,
                append: an_old_tail_is_fenced,
                append: a_foreign_or_lost_lease_is_fenced,
                append: a_gap_is_refused,
                append: a_rejected_write_leaves_the_others,
                append: writes_of_a_batch_see_each_other,
                append: a_change_without_entries,
                append: what_does_not_change_stays,
                append: parking_and_releasing,
                append: fields_are_read_by_range,
                append: fields_name_one_of_the_entries,
                lease: leases_are_numbered_and_beat,
                lease: a_holder_says_what_it_is,
                lease: a_lease_is_taken_once,
                lease: runs_without_a_lease_are_adopted,
                lease: a_lease_taken_in_a_batch_fences_the_rest_of_it,
                lease: a_lease_that_owns_a_run_is_not_closed,
                lease: a_run_is_claimed_once,
                lease: unowned_runs_are_claimed_by_workflow,
                lease: a_sleeping_run_is_given_to_another_lease,
                lease: runs_that_wait_are_counted_by_workflow_and_version,
                lease: a_run_that_ended_is_not_claimed,
                find: unfinished_runs_are_counted_by_status,
                inbox: items_come_in_order,
                inbox: a_key_arrives_once,
                inbox: a_run_that_ended_accepts_nothing,
                inbox: a_key_is_looked_at_before_the_end,
                inbox: taken_items_are_gone,
                inbox: a_lease_sees_the_items_of_its_runs,
                delete: slices_end_with_the_run,
                delete: a_run_in_use_is_not_deleted,
                delete: a_run_being_deleted_does_nothing_more,
                delete: numbers_are_not_used_again,
                import: a_run_comes_with_all_its_history,
                import: an_id_or_an_incarnation_that_is_taken_is_not_imported,
                import: a_lost_lease_imports_nothing,
                import: what_makes_no_run_is_refused,
                import: an_imported_run_goes_on,
                import: an_imported_run_is_claimed,
                belongings: a_run_has_what_belongs_to_it,
                belongings: a_bound_run_is_not_moved,
                belongings: the_questions_of_a_moved_run_go_with_it,
                belongings: an_imported_run_brings_what_belongs_to_it,
                outgoing: a_run_tells_another,
                outgoing: a_fenced_append_sends_nothing,
                outgoing: children_are_told,
                outgoing: a_run_starts_others,
                outgoing: what_cannot_be_written_refuses_the_append,
                outgoing: an_append_without_entries_sends,
                watch: an_end_is_told,
                watch: an_end_that_was_is_told_at_once,
                watch: who_has_ended_is_not_told,
                watch: a_deletion_is_told,
                watch: a_deleted_run_is_not_watched,
                watch: only_a_watched_run_is_reached,
                requests: a_question_is_found,
                requests: an_answer_arrives_once,
                requests: a_question_is_withdrawn,
                requests: an_answer_that_was_in_time_counts,
                requests: questions_end_with_the_run,
                outputs: items_are_numbered_by_channel,
                outputs: items_are_read_in_pages,
                outputs: items_go_with_the_run,
                labels: labels_are_kept,
                labels: labels_are_changed,
                labels: runs_by_label,
                labels: runs_by_parent,
                indexed: indexed_fields_are_kept,
                indexed: indexed_fields_are_imported,
                indexed: indexed_fields_are_replaced,
                indexed: runs_by_field,
                replace: an_id_goes_to_another_run,
                replace: a_run_that_ended_keeps_its_status,
                replace: the_id_of_a_third_run_is_not_taken,
                replace: the_inbox_goes_along,
                replace: a_run_goes_on_as_another,
                replace: nobody_else_is_replaced_by_an_append,
                replace: a_replacement_that_has_ended_is_told,
                forks: what_was_shown_comes_along,
                forks: runs_by_origin,
                forks: a_run_of_the_same_lease_is_replaced,
                forks: what_is_brought_comes_first,
                forks: pauses_move_on_or_not,
                forks: questions_are_withdrawn_or_kept,
                traces: marks_never_go_back,
                traces: the_end_of_a_run_is_owed,
                traces: a_rejected_end_owes_nothing,
                traces: what_a_closed_lease_owed_is_claimed,
                traces: marks_go_with_the_run,
                tasks: a_task_is_read_as_it_was_written,
                tasks: an_attempt_is_enqueued_once,
                tasks: a_fenced_append_enqueues_nothing,
                queues: tasks_are_claimed_in_order,
                queues: only_the_named_steps_of_a_queue_are_claimed,
                queues: a_task_is_claimed_by_one_lease,
                queues: a_task_waits_until_it_is_due,
                tasks: a_task_is_returned,
                tasks: progress_is_recorded,
                tasks: an_outcome_is_delivered_once,
                tasks: a_task_that_is_not_wanted_ends,
                tasks: an_outcome_for_a_run_that_ended_is_dropped,
                tasks: a_takeover_ends_attempts,
                tasks: a_lease_that_runs_a_task_is_not_closed,
                tasks: tasks_go_with_their_run,
                queues: queues_are_counted,
                limits: a_limit_of_all_tasks_holds,
                limits: keys_take_turns,
                limits: keys_have_weights,
                limits: a_delayed_task_keeps_its_place,
                limits: writes_to_a_task_share_a_commit,
                limits: new_keys_wait_for_their_turn,
                limits: many_keys_begin_at_once,
                limits: a_task_without_a_key_has_a_turn,
                limits: a_task_that_was_kept_back_has_a_turn,
                limits: keys_stay_counted,
                limits: a_rate_lets_start,
                places: a_run_waits_for_room,
                places: room_is_counted,
                places: a_run_ends_without_room,
                places: room_goes_with_the_lease,
                places: room_goes_with_the_run,
                places: a_key_is_taken_from_its_holder,
                places: the_holder_answers_a_start,
                acts: an_action_and_its_record_are_one,
                acts: actions_share_a_commit,
                acts: an_action_that_has_begun_ends,
                acts: records_are_read_in_pages,
                acts: a_parked_run_is_changed_by_anyone,
                acts: a_job_changes_from_the_revision_that_was_seen,
                schedules: a_schedule_is_read_as_it_was_written,
                schedules: a_schedule_changes_from_the_revision_that_was_seen,
                schedules: a_new_schedule_has_no_revision_of_one_before_it,
                schedules: a_time_is_decided_once,
                overlaps: a_run_that_exists_is_that_of_its_time,
                overlaps: a_run_that_exists_hides_no_run_that_goes_on,
                overlaps: a_time_is_skipped_while_a_run_goes_on,
                overlaps: times_wait_for_the_end_of_a_run,
                overlaps: a_run_is_cancelled_for_the_next,
                overlaps: a_backfill_waits_beside_the_newest,
                overlaps: a_trigger_that_waits_counts_for_nothing,
                overlaps: runs_that_may_overlap_start_at_once,
                schedules: a_schedule_ends_with_its_limit,
                schedules: a_schedule_keeps_its_last_firings,
                schedules: schedules_are_found_when_they_are_due,
                schedules: schedules_come_in_pages,
                find: runs_in_pages,
                find: runs_by_id,
                find: runs_by_status_workflow_and_prefix,
                find: prefixes_are_compared_byte_by_byte,
                find: runs_by_lease_and_time,
                find: nothing_found_is_no_error,
                inspection: runs_newest_first,
                inspection: runs_by_text_and_time,
                inspection: a_search_ends_after_so_many_rows,
                inspection: runs_are_counted,
                inspection: channels_come_in_pages,
                inspection: requests_of_a_run_come_in_pages,
                inspection: a_database_is_measured,
                values: every_form_byte_for_byte,
                values: large_and_empty_values,
                values: text_that_is_none_is_refused,
                values: numbers_at_their_limits,
                values: every_kind_and_status,
                values: a_database_has_an_id,
                values: an_empty_batch,
                values: own_commits_are_not_foreign,
                values: reading_while_writing,
            }

            $crate::conformance! { @pairs $open, $again, [$($ready)?];
                connections: numbers_become_visible_in_order,
                connections: outputs_are_numbered_by_both,
                connections: a_takeover_fences_appends_on_their_way,
                connections: two_senders_of_one_key,
                connections: two_starts_of_one_id,
                connections: two_answers_to_one_request,
                connections: opposite_orders_end,
                connections: tasks_are_claimed_once_by_both,
                connections: times_are_decided_once_by_both,
            }
        }
    };
    (@pairs $open:expr, $again:expr, $ready:tt; $($group:ident: $case:ident,)*) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance! { @unless $ready }
                $crate::store::conformance::$group::$case(&$open, &$again);
            }
        )*
    };
    (@cases $open:expr, $ready:tt; $($group:ident: $case:ident,)*) => {
        $(
            #[test]
            fn $case() {
                $crate::conformance! { @unless $ready }
                $crate::store::conformance::$group::$case(&$open);
            }
        )*
    };
    (@unless []) => {};
    (@unless [$ready:expr]) => {
        if !$ready {
            return;
        }
    };
}

//! What every implementation of [`Store`] must do: one suite, run over each.
//!
//! [`contract_suite!`] makes a test of every check, each on an empty store of its own.

pub mod ceremonies;
pub mod certificates;
pub mod fixtures;
pub mod generations;
pub mod holders;
pub mod lists;
pub mod people;
pub mod requests;
pub mod units;
pub mod windows;

#[cfg(doc)]
use crate::Store;

/// Makes a test of every check. `$open` is an expression for a function without arguments that
/// returns a guard and an empty store, `(impl Sized, impl Store)`.
#[macro_export]
macro_rules! contract_suite {
    ($open:expr) => {
        $crate::contract_suite! { @checks tests $open; }
    };
    // Every check, as a slice of functions.
    (@all) => {
        $crate::contract_suite! { @checks all; }
    };
    (@checks $($then:tt)+) => {
        $crate::contract_suite! { @$($then)+
            certificates: p6_a_serial_number_exists_once
                p6_a_key_is_certified_once_over_all_cas
                p6_a_ca_key_is_certified_again_only_as_a_ca_key
                p6_a_subject_names_one_user_certificate
                p6_a_holder_waits_for_one_certificate
                p6_an_intent_needs_its_ca_and_its_own_entry
                l1_an_intent_becomes_a_certificate
                l9_an_unfinished_intent_can_end_revoked
                l14_a_transition_needs_the_state_it_was_decided_on
                l14_a_state_must_have_what_belongs_to_it
                l1_certificates_are_found_by_holder_application_and_issue
                l1_certificates_are_listed_by_state_partition_and_holder;
            ceremonies: k3_a_ceremony_is_as_it_was_put_last
                k3_a_ceremony_changes_only_from_where_it_stands;
            holders: l7_a_holders_request_is_taken_in_once_and_carried_out_once
                e4_who_is_forgotten_is_named_by_no_row_that_stays;
            lists: l10_a_list_holds_what_is_revoked_held_and_undelivered
                l10_a_list_leaves_out_what_expired
                l10_a_snapshot_does_not_move
                v2_the_tally_over_partitions_is_the_lists
                v8_every_list_is_kept_and_its_numbers_have_no_gap
                v8_lists_of_a_partition_share_one_count_whatever_key_signs
                v8_a_list_must_be_what_it_was_announced_as
                v8_e2_a_list_is_whole_among_units_that_fail
                v8_a_series_moves_only_from_where_it_stands
                v8_a_published_number_was_built
                v8_one_series_is_read_without_the_others;
            people: w3_a_person_is_added_once_and_changed_from_what_they_were
                w3_a_credential_belongs_to_one_person
                w3_a_credential_ends_once_and_all_of_a_person_together
                w3_a_password_changes_from_what_it_was;
            requests: l13_a_service_request_moves_only_from_where_it_stands
                l13_service_requests_are_listed_by_state;
            units: e2_a_unit_commits_whole_or_not_at_all
                e2_a_failed_unit_takes_no_place_in_the_sequence
                e2_many_threads_get_a_dense_sequence
                e2_a_unit_that_must_not_follow_an_operation_does_not
                e2_a_unit_that_no_open_intent_may_stand_against_waits_for_its_end
                e1_an_entry_says_what_when_how_and_who
                e1_refusals_and_no_ops_are_entries
                e1_the_journal_is_read_in_pages
                e1_personal_data_ends_with_its_key;
            windows: l1_an_application_moves_only_from_where_it_stands
                l1_applications_are_listed_newest_first
                l1_applications_in_one_state_are_found_part_by_part
                w8_an_operation_is_recorded_once
                l1_a_card_is_as_it_was_put_last
                c4_the_sessions_of_a_card_count_up_alone
                w8_the_register_cursor_advances_from_where_it_is
                e6_the_last_event_that_was_applied_is_known
                v5_a_verifier_is_as_it_was_put_last
                v5_v6_a_verifier_keeps_one_former_certificate_until_it_is_struck_off
                p1_cas_and_generations_exist_once;
            generations: k6_one_generation_is_planned_at_a_time_and_only_gains_its_key
                k6_a_plan_ends_with_its_generation
                k6_the_cas_own_certificates_are_found_by_its_name
                k7_no_key_vouches_for_one_that_counts_as_compromised;
        }
    };
    (@all; $($module:ident: $($name:ident)+;)+) => {
        &[$($($crate::contract::$module::$name as fn(&dyn $crate::Store),)+)+]
    };
    (@tests $open:expr; $($module:ident: $($name:ident)+;)+) => {
        $($(
            #[test]
            fn $name() {
                let (_guard, store) = $open();
                $crate::contract::$module::$name(&store);
            }
        )+)+
    };
}

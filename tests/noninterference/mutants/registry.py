"""All mutants."""

from tests.noninterference.mutants import scopes, statements
from tests.noninterference.mutants.mutant import Mutant

MUTANTS = (
    Mutant(statements.forgets_the_grant_in_nested_lists, 7, locked=True),
    Mutant(statements.forgets_the_row_filter_in_to_one_joins, 7, locked=True),
    Mutant(statements.looks_keys_up_in_all_rows, 9, locked=True),
    Mutant(statements.filters_by_hidden_columns, 43, locked=True),
    Mutant(statements.sorts_by_hidden_columns, 197, locked=True),
    Mutant(statements.cuts_the_page_before_the_grant, 14, locked=True),
    Mutant(statements.masks_only_what_is_shown, 60, locked=True),
    Mutant(statements.joins_through_masked_columns, 144, locked=True),
    Mutant(scopes.takes_no_place_for_every_place, 15),
    Mutant(scopes.lets_a_row_filter_widen_the_places, 1),
    Mutant(scopes.reads_superseded_rows_beside_the_grant, 1),
    Mutant(scopes.still_serves_what_was_replaced, 11),
    Mutant(scopes.unites_the_columns_of_parts, 40),
    Mutant(scopes.drops_a_mask_once_any_part_is_clear, 28),
    Mutant(scopes.serves_core_columns, 140),
    Mutant(scopes.lets_a_mask_begin_like_the_value, 0),
    Mutant(scopes.masks_without_the_key, 0),
    Mutant(scopes.honours_grants_on_another_major_version, 16),
    Mutant(scopes.tells_hidden_columns_from_missing_ones, 6),
    Mutant(scopes.names_the_data_set_behind_a_hidden_relation, 115),
    Mutant(scopes.leaves_the_order_to_the_engine, 0),
    Mutant(scopes.sorts_by_what_is_visible_of_the_key_alone, 132),
    Mutant(scopes.keeps_statements_for_all_callers, 0),
)

#!/usr/bin/env python3
"""Cuts bugs into copies of the code under test, to see that the simulation finds them.

    plant.py SRC OUT     writes OUT/FILE for each FILE of FILES and OUT/planted_bugs.cpp

Each bug is asleep until it is planted by name (planted.hpp). A bug whose place in the code has
changed is left out and listed without a place, which fails the test that looks for it, not the
build.
"""

import pathlib
import sys

FILES = (
    "issue/rules.cpp",
    "issue/issuer.cpp",
    "issue/driver.cpp",
    "desk/desk.cpp",
    "queue/memory_queue.cpp",
)

# In the simulated ledger, where no code has to be cut.
LEDGER_BUGS = (
    "ledger_acks_before_durable",
    "ledger_says_ok_when_unknown",
    "ledger_loses_half_a_batch",
    "ledger_forgets_parked",
)

# name: file, what stands there, what stands there instead. PLANTED stands for "this bug is on".
BUGS = {
    "rules_sell_one_too_many": (
        "issue/rules.cpp",
        "if (issued >= settings.stock)",
        "if (issued >= settings.stock + (PLANTED ? 1U : 0U))",
    ),
    "rules_allow_one_too_many": (
        "issue/rules.cpp",
        "if (standing.coupons >= settings.per_user)",
        "if (standing.coupons >= settings.per_user + (PLANTED ? 1U : 0U))",
    ),
    "rules_pause_before_repeat": (
        "issue/rules.cpp",
        "if (without_window == Ruling::repeated)",
        "if (!PLANTED && without_window == Ruling::repeated)",
    ),
    "rules_never_close": (
        "issue/rules.cpp",
        "if (settings.closes_at &&",
        "if (!PLANTED && settings.closes_at &&",
    ),
    "issuer_forgets_ranks_of_batch": (
        "issue/issuer.cpp",
        "return found == issued_.end() ?",
        "return PLANTED || found == issued_.end() ?",
    ),
    "issuer_forgets_users_of_batch": (
        "issue/issuer.cpp",
        "standing.coupons += user->second.count;",
        "if (!PLANTED) standing.coupons += user->second.count;",
    ),
    "issuer_forgets_keys_of_batch": (
        "issue/issuer.cpp",
        "if (claim != by_claim_.end())",
        "if (!PLANTED && claim != by_claim_.end())",
    ),
    "issuer_parks_twice_in_batch": (
        "issue/issuer.cpp",
        "return parked_.try_emplace(key, claim.ticket).first->second;",
        "return PLANTED ? claim.ticket : parked_.try_emplace(key, claim.ticket).first->second;",
    ),
    "issuer_gives_new_place": (
        "issue/issuer.cpp",
        "return candidate.place &&",
        "return !PLANTED && candidate.place &&",
    ),
    "issuer_leaves_losers_unsettled": (
        "issue/issuer.cpp",
        "settle(candidate, outcome);",
        "if (!PLANTED) settle(candidate, outcome);",
    ),
    "driver_tells_before_commit": (
        "issue/driver.cpp",
        "const CommitResult result = commit(decision);",
        "const CommitResult result = PLANTED && decision ? CommitResult::ok : commit(decision);",
        "conclude(batch, *decision);\n  } else",
        "conclude(batch, *decision);\n    if (PLANTED) (void)commit(decision);\n  } else",
    ),
    "driver_repeats_what_landed": (
        "issue/driver.cpp",
        "if (landed && !*landed) {",
        "if (landed && (PLANTED || !*landed)) {",
    ),
    "driver_takes_unknown_for_no": (
        "issue/driver.cpp",
        "if (result == CommitResult::unknown && !failed_) {",
        "if (PLANTED && result == CommitResult::unknown && !failed_) {\n"
        "    (void)ledger_.landed(decision->rows);\n"
        "    abandon(batch, CommitResult::unavailable);\n"
        "    return queue_.settle(batch.arrivals.size());\n"
        "  }\n"
        "  if (result == CommitResult::unknown && !failed_) {",
    ),
    "driver_takes_unknown_for_yes": (
        "issue/driver.cpp",
        "unsure_ = {std::move(batch), std::move(*decision)};",
        "if (PLANTED) {\n"
        "      (void)ledger_.landed(decision->rows);\n"
        "      conclude(batch, *decision);\n"
        "      return queue_.settle(batch.arrivals.size());\n"
        "    }\n"
        "    unsure_ = {std::move(batch), std::move(*decision)};",
    ),
    "driver_takes_lost_for_no": (
        "issue/driver.cpp",
        "result == CommitResult::unknown ?",
        "!PLANTED && result == CommitResult::unknown ?",
    ),
    "driver_leaves_one_unsettled": (
        "issue/driver.cpp",
        "abandon(batch, result);\n  }\n  queue_.settle(batch.arrivals.size());",
        "abandon(batch, result);\n  }\n"
        "  queue_.settle(batch.arrivals.size() - (PLANTED && batch.arrivals.size() > 1 ? 1 : 0));",
    ),
    "driver_drops_line_when_unavailable": (
        "issue/driver.cpp",
        "const std::vector<Answer> none(batch.arrivals.size());",
        "for (const DueLine& line : batch.lines) {\n"
        "    if (!PLANTED) break;\n"
        "    const std::vector<Outcome> lost(line.count, Outcome::sold_out);\n"
        "    queue_.settle_line(line.campaign, lost);\n"
        "  }\n"
        "  const std::vector<Answer> none(batch.arrivals.size());",
    ),
    "driver_lets_newcomers_pass": (
        "issue/driver.cpp",
        "if (waiting == 0) return false;",
        "if (PLANTED || waiting == 0) return false;",
    ),
    "driver_restores_no_line": (
        "issue/driver.cpp",
        "return;\n    }\n    queue_.park(claim);",
        "return;\n    }\n    if (!PLANTED) queue_.park(claim);",
    ),
    "driver_restores_no_tick": (
        "issue/driver.cpp",
        "pacer_.wants(claim.campaign,",
        "if (!PLANTED) pacer_.wants(claim.campaign,",
    ),
    "driver_sleeps_after_pause": (
        "issue/driver.cpp",
        "if (queue_.line_length(number) > 0) pacer_.hurry(number, clock_",
        "if (!PLANTED && queue_.line_length(number) > 0) pacer_.hurry(number, clock_",
    ),
    "desk_says_sold_out_one_early": (
        "desk/desk.cpp",
        "rule(*campaign.settings, campaign.issued,",
        "rule(*campaign.settings, campaign.issued + (PLANTED ? 1U : 0U),",
    ),
    "desk_drops_last_gathered": (
        "desk/desk.cpp",
        "parts_.queue.enqueue(gathered_);",
        "if (PLANTED && gathered_.size() > 1) gathered_.pop_back();\n"
        "  parts_.queue.enqueue(gathered_);",
    ),
    "desk_asks_ledger_before_line": (
        "desk/desk.cpp",
        "  status.place = parts_.queue.place(campaign->number, identity);",
        "  if (!PLANTED) status.place = parts_.queue.place(campaign->number, identity);",
        "  if (status.place) {",
        "  if (PLANTED) status.place = parts_.queue.place(campaign->number, identity);\n"
        "  if (status.place) {",
    ),
    "desk_keeps_refused_waiting": (
        "desk/desk.cpp",
        "waiting_.fetch_sub(",
        "if (!PLANTED || verdict.kind == Verdict::Kind::answered) waiting_.fetch_sub(",
    ),
    "queue_swaps_last_two": (
        "queue/memory_queue.cpp",
        "waiting_ += claims.size();",
        "waiting_ += claims.size();\n"
        "    const std::size_t count = arrivals_.size();\n"
        "    if (PLANTED && count > 1) std::swap(arrivals_[count - 1], arrivals_[count - 2]);",
    ),
    "queue_drops_one_on_settle": (
        "queue/memory_queue.cpp",
        "settled_ += count;",
        "settled_ += count + (PLANTED && settled_ + count < taken_.size() ? 1 : 0);",
    ),
    "queue_starts_tickets_over": (
        "queue/memory_queue.cpp",
        "next_ticket_(first.value)",
        "next_ticket_(PLANTED ? 1 : first.value)",
    ),
    "queue_gives_one_ticket_twice": (
        "queue/memory_queue.cpp",
        "claim.ticket = Ticket{next_ticket_++};",
        "claim.ticket = Ticket{PLANTED && next_ticket_ == 5 ? 4 : next_ticket_};\n"
        "      ++next_ticket_;",
    ),
    "queue_forgets_losers": (
        "queue/memory_queue.cpp",
        "if (seat.outcome == Outcome::issued) {",
        "if (PLANTED || seat.outcome == Outcome::issued) {",
    ),
    "queue_counts_places_from_two": (
        "queue/memory_queue.cpp",
        "return static_cast<std::uint64_t>(at - claims.begin()) + 1;",
        "return static_cast<std::uint64_t>(at - claims.begin()) + (PLANTED ? 2 : 1);",
    ),
}


def plant(text, name, pairs):
    """The text with the bug cut in; None where a place is missing or is not the only one."""
    switch = f'::firstcome::sim::planted("{name}")'
    for old, new in zip(pairs[::2], pairs[1::2]):
        if text.count(old) < 1:
            return None
        text = text.replace(old, new.replace("PLANTED", switch), 1)
    return text


def write_if_changed(file, text):
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.is_file() or file.read_text() != text:
        file.write_text(text)


def listing(bugs):
    rows = "".join(f'    {{"{name}", "{place}"}},\n' for name, place in bugs)
    return (
        '#include "sim/planted.hpp"\n\nnamespace firstcome::sim {\n\n'
        "std::span<const PlantedBug> planted_bugs() {\n"
        f"  static constexpr PlantedBug all[] = {{\n{rows}  }};\n  return all;\n}}\n\n"
        "}  // namespace firstcome::sim\n"
    )


def main(src, out):
    texts = {file: (src / file).read_text(encoding="utf-8") for file in FILES}
    bugs = [(name, "sim/sim_ledger.cpp") for name in LEDGER_BUGS]
    for name, (file, *pairs) in BUGS.items():
        changed = plant(texts[file], name, pairs)
        bugs.append((name, file if changed else ""))
        texts[file] = changed or texts[file]
    for file, text in texts.items():
        write_if_changed(out / file, '#include "sim/planted.hpp"\n' + text)
    write_if_changed(out / "planted_bugs.cpp", listing(bugs))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))

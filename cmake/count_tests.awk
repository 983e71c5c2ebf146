# SPDX-License-Identifier: Apache-2.0
# Reads CTest's LastTest.log and prints 'N passed, N failed' (', N skipped'): cases where a program counts its own
# (doctest, pytest, and our checks that end with such a line), else one a program. A program that failed counts at
# least one failure, whatever it printed. A doctest case whose MESSAGE begins with "skipped" is counted as skipped.
# Exits with 1 if anything failed or nothing ran.

function start() { block_passed = block_failed = block_skipped = messages = 0; counted = ended = 0; name = "" }
function number_before(word,    i) {
  for (i = 2; i <= NF; ++i) if ($i ~ "^" word ",?$") return $(i - 1) + 0
  return 0
}
function finish(outcome) {
  if (ended) return
  ended = 1
  if (!counted) {
    if (outcome == "passed") block_passed = 1
    if (outcome == "skipped") block_skipped = 1
  }
  if (outcome == "failed" && block_failed == 0) block_failed = 1
  passed += block_passed - messages; failed += block_failed; skipped += block_skipped + messages
}

BEGIN { start(); ended = 1 }
/^[0-9]+\/[0-9]+ Testing: / { finish("failed"); start(); if (unbuilt) finish("failed"); unbuilt = 0; block = NR; next }
/^Unable to find executable: / { unbuilt = 1 }  # stands before its block, which then says "Test Passed."

# [doctest] test cases:  17 |  17 passed | 0 failed | 0 skipped
/^\[doctest\] test cases: / {
  counted = 1; block_passed += number_before("passed"); block_failed += number_before("failed"); next
}
/^TEST CASE: / { name = $0 }
/: MESSAGE: *[Ss]kipped/ { if (name != "" && !((block, name) in seen)) { seen[block, name] = 1; ++messages } }

# pytest: 12 passed, 1 failed, 2 skipped, 1 error in 0.52s; our checks: 12 passed, 0 failed
/^=* ?([0-9]+ [a-z]+, )*[0-9]+ (passed|failed|skipped|errors?|warnings?|deselected|xfailed|xpassed)(,| in |$)/ {
  line = $0; gsub(/=/, "", line); $0 = line
  counted = 1
  block_passed = number_before("passed") + number_before("xfailed")
  block_failed = number_before("failed") + number_before("errors?") + number_before("xpassed")
  block_skipped = number_before("skipped")
  next
}

/^Test Passed\.$|^Test Pass Reason:/ { finish("passed") }
/^Test Failed\.$|^Test Fail Reason:/ { finish("failed") }
/^Test (Skipped|Not Run)/ { finish("skipped") }
/^Test (Timeout|Exception)/ { finish("failed") }

END {
  finish("failed")
  printf "%d passed, %d failed", passed, failed
  if (skipped) printf ", %d skipped", skipped
  printf "\n"
  exit (failed > 0 || passed == 0) ? 1 : 0
}

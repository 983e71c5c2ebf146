# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C file that names the commit of SOURCE; only if it changed, so that nothing is rebuilt in vain.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=12
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
if(failed)
  set(commit unknown)
endif()
set(text "const char* atlas_bench_commit(void);\nconst char* atlas_bench_commit(void) { return \"${commit}\"; }\n")
if(EXISTS ${OUTPUT})
  file(READ ${OUTPUT} before)
endif()
if(NOT text STREQUAL "${before}")
  file(WRITE ${OUTPUT} "${text}")
endif()

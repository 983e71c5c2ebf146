# SPDX-License-Identifier: Apache-2.0
# How the developers build: warnings, checks, sanitizers. Nothing here reaches an exported target.
option(ATLAS_WARNINGS_AS_ERRORS "Treat warnings in ATLAS's own code as errors" OFF)
option(ATLAS_CHECKED "End the process at a broken precondition (tests always do)" OFF)
option(ATLAS_BUILD_FUZZERS "Build tests/fuzz as libFuzzer programs (clang only)" OFF)
set(ATLAS_FUZZ_SECONDS 10 CACHE STRING "How long CTest runs each fuzzer")
set(ATLAS_LIGHT_FLAGS "" CACHE STRING "Flags, after the build type's, of programs that take longer to compile than to run: -O0")
set(ATLAS_SANITIZE "" CACHE STRING "Value of -fsanitize= for everything, for example address,undefined")

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  if(ATLAS_CHECKED)
    add_compile_definitions(ATLAS_CHECKED=1)
  endif()
  if(ATLAS_SANITIZE)
    add_compile_options(-fsanitize=${ATLAS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${ATLAS_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID MATCHES Clang)  # these two checks want a C++ runtime, which programs in C are linked without
      add_compile_options(-fno-sanitize=function,vptr)
    endif()
  endif()
endif()

set(atlas_warnings -Wall -Wextra -Wpedantic -Wconversion -Wshadow)
set(atlas_cxx_warnings -Wsign-conversion)

# Warnings for one of ATLAS's own targets; errors when ATLAS_WARNINGS_AS_ERRORS says so.
function(atlas_development_flags target)
  target_compile_options(${target} PRIVATE ${atlas_warnings} $<$<COMPILE_LANGUAGE:CXX>:${atlas_cxx_warnings}>)
  if(ATLAS_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  set_target_properties(${target} PROPERTIES
    CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF C_STANDARD 99 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
endfunction()

# For a target that is compiled in order to be run once, and briefly.
function(atlas_light_flags target)
  separate_arguments(flags UNIX_COMMAND "${ATLAS_LIGHT_FLAGS}")
  target_compile_options(${target} PRIVATE ${flags})
endfunction()

# A Python that has the given modules: the one on PATH if it does, else the system's. Debian's python3-numpy and
# python3-pytest belong to /usr/bin/python3, which need not be the first on PATH.
function(atlas_find_python out)
  list(JOIN ARGN "," modules)
  foreach(candidate ${ATLAS_PYTHON} python3 /usr/bin/python3)
    execute_process(COMMAND ${candidate} -c "import ${modules}" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
    if(failed STREQUAL "0")
      set(${out} ${candidate} PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${out} "" PARENT_SCOPE)
endfunction()

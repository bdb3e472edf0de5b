# Language level, warnings, compiler cache and the precompiled LibTorch header, for every target of
# the project.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(PROJECT_IS_TOP_LEVEL AND NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug, …" FORCE)
endif()

# Everything in one place, so that the apps find ../../../checkpoints from where they lie.
if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin")
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # A precompiled header is cached only when ccache may trust it (ccache manual, "Precompiled headers").
  set(CMAKE_CXX_COMPILER_LAUNCHER
      "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime
      "${CCACHE_PROGRAM}")
endif()

# Linking a LibTorch program takes about a gigabyte: one at a time. A project that embeds this one has
# pools of its own.
if(PROJECT_IS_TOP_LEVEL)
  set_property(GLOBAL APPEND PROPERTY JOB_POOLS link=1)
  set(CMAKE_JOB_POOL_LINK link)
endif()

option(MINILLAMA_UNITY "Compile the sources that include LibTorch several at once" ON)

# A source that includes LibTorch takes GCC four seconds before its own first line, precompiled header
# or not: what the header leaves to be instantiated is done again at the end of each. Six at once, as
# they follow each other in the list of sources, take it once; they share the names of their anonymous
# namespaces.
function(minillama_torch_sources target)
  if(NOT target STREQUAL minillama)
    target_precompile_headers(${target} REUSE_FROM minillama)
  endif()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ${MINILLAMA_UNITY} UNITY_BUILD_BATCH_SIZE 6)
endfunction()

# Compiler settings of the project's own code. -fPIC everywhere, programs too: they share the
# library's precompiled header, which must have been made with the same flags. -Wno-array-bounds: GCC
# 14 suspects every call of LibTorch's Function::apply(), whose vector of bools is innocent.
function(minillama_compile_options target)
  target_compile_options(
    ${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wno-missing-field-initializers -fPIC
                      $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess -Wno-array-bounds>)
  if(MINILLAMA_WARNINGS_AS_ERRORS)
    # What GCC suspects after inlining may be in a library's header, and is often wrong.
    target_compile_options(
      ${target} PRIVATE -Werror
                        $<$<CXX_COMPILER_ID:GNU>:-Wno-error=stringop-overflow -Wno-error=maybe-uninitialized>)
  endif()
endfunction()

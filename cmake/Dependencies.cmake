# The packages that minillama stands on. Those that are not in the system's default places are found
# through CMAKE_PREFIX_PATH.

if(MINILLAMA_TORCH)
  include(LibTorch)
  # at::parallel_for() is a template of ATen's headers: without the compiler's OpenMP it runs serially.
  find_package(OpenMP REQUIRED COMPONENTS CXX)
endif()
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
# LibTorch 2.11 and later have headers of fmt among their own, and the compiler finds those before the
# system's, whose library is of another version: then fmt is used from its headers alone.
set(MINILLAMA_FMT fmt::fmt)
get_target_property(fmt_includes fmt::fmt INTERFACE_INCLUDE_DIRECTORIES)
foreach(directory ${TORCH_INCLUDE_DIRS})
  if(EXISTS "${directory}/fmt/format-inl.h" AND NOT directory IN_LIST fmt_includes)
    set(MINILLAMA_FMT fmt::fmt-header-only)
  endif()
endforeach()
find_package(nlohmann_json REQUIRED)
include(TextLibraries)

# sentencepiece carries its own protobuf, whose symbols clash with the one that Debian's LibTorch
# uses: linking both crashes before main(). So only its header is used at build time, and the library
# is opened at run time with its symbols kept apart (lib/minillama/text/sentencepiece_library.h).
find_path(SENTENCEPIECE_INCLUDE_DIR sentencepiece_processor.h REQUIRED)
find_library(SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
find_library(SENTENCEPIECE_TRAIN_LIBRARY sentencepiece_train REQUIRED)
# Since 0.2.1 its functions return absl::Status, whose inline functions need their library.
file(STRINGS ${SENTENCEPIECE_INCLUDE_DIR}/sentencepiece_processor.h SENTENCEPIECE_USES_ABSL
     REGEX "include.*absl/status/status.h" LIMIT_COUNT 1)
if(SENTENCEPIECE_USES_ABSL)
  set(SENTENCEPIECE_USES_ABSL ON)
  find_package(absl REQUIRED)
endif()

if(MINILLAMA_BUILD_APPS)
  find_package(cxxopts REQUIRED)
endif()
if(MINILLAMA_BUILD_TESTS)
  find_package(Catch2 REQUIRED)
endif()
if(MINILLAMA_BUILD_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()

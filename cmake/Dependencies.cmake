# The packages that minillama stands on. Those that are not in the system's default places are found
# through CMAKE_PREFIX_PATH.

find_package(Torch REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)

# sentencepiece comes with a pkg-config file, not with a CMake package.
find_path(SENTENCEPIECE_INCLUDE_DIR sentencepiece_processor.h REQUIRED)
find_library(SENTENCEPIECE_LIBRARY sentencepiece REQUIRED)
add_library(sentencepiece UNKNOWN IMPORTED)
set_target_properties(
  sentencepiece PROPERTIES IMPORTED_LOCATION "${SENTENCEPIECE_LIBRARY}"
                           INTERFACE_INCLUDE_DIRECTORIES "${SENTENCEPIECE_INCLUDE_DIR}")

if(MINILLAMA_BUILD_APPS)
  find_package(cxxopts REQUIRED)
endif()
if(MINILLAMA_BUILD_TESTS)
  find_package(Catch2 REQUIRED)
endif()

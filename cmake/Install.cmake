# What `cmake --install` puts where: the library with its public headers, its CMake package and
# pkg-config file, the apps, and the model that ships.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS minillama EXPORT minillamaTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
foreach(header ${MINILLAMA_PUBLIC_HEADERS})
  get_filename_component(folder ${header} DIRECTORY)
  install(FILES lib/${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
endforeach()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/minillama)
install(EXPORT minillamaTargets NAMESPACE minillama:: DESTINATION ${package_dir})
configure_package_config_file(cmake/minillamaConfig.cmake.in minillamaConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(minillamaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/minillamaConfig.cmake
              ${PROJECT_BINARY_DIR}/minillamaConfigVersion.cmake DESTINATION ${package_dir})

# pkg-config: where CMake found LibTorch, and what its header needs.
get_target_property(torch_location torch IMPORTED_LOCATION)
if(NOT torch_location)
  get_target_property(torch_location torch IMPORTED_LOCATION_NONE)
endif()
get_filename_component(MINILLAMA_TORCH_LIBDIR ${torch_location} DIRECTORY)
list(TRANSFORM TORCH_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE torch_includes)
list(JOIN torch_includes " " MINILLAMA_TORCH_CFLAGS)
string(STRIP "${MINILLAMA_TORCH_CFLAGS} ${TORCH_CXX_FLAGS}" MINILLAMA_TORCH_CFLAGS)
if(SENTENCEPIECE_USES_ABSL)
  set(MINILLAMA_PC_REQUIRES absl_status)
endif()
# Relative to the file, so that the prefix may be chosen at installation.
file(RELATIVE_PATH MINILLAMA_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/minillama.pc.in minillama.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/minillama.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

if(MINILLAMA_BUILD_APPS)
  install(TARGETS classify_cfimdb classify_sst convert generate pretrain)
  install(DIRECTORY checkpoints/reviews checkpoints/reviews-tiny checkpoints/sst checkpoints/cfimdb
          DESTINATION ${CMAKE_INSTALL_DATADIR}/minillama/checkpoints)
endif()

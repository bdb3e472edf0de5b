# What `cmake --install` puts where: the library with its public headers, its CMake package and
# pkg-config file, the apps, the models that ship, the licence and the documentation.
include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

install(TARGETS minillama_runtime EXPORT minillamaRuntimeTargets
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
        FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(MINILLAMA_TORCH)
  install(TARGETS minillama EXPORT minillamaTargets
          ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
          FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/minillama)
install(EXPORT minillamaRuntimeTargets NAMESPACE minillama:: DESTINATION ${package_dir})
if(MINILLAMA_TORCH)
  install(EXPORT minillamaTargets NAMESPACE minillama:: DESTINATION ${package_dir})
endif()
configure_package_config_file(cmake/minillamaConfig.cmake.in minillamaConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(minillamaConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/minillamaConfig.cmake
              ${PROJECT_BINARY_DIR}/minillamaConfigVersion.cmake cmake/LibTorch.cmake
              cmake/TextLibraries.cmake
        DESTINATION ${package_dir})

if(MINILLAMA_TORCH)
  # pkg-config: where CMake found LibTorch, and what its header needs.
  list(TRANSFORM TORCH_INCLUDE_DIRS PREPEND "-I" OUTPUT_VARIABLE torch_includes)
  list(JOIN torch_includes " " MINILLAMA_TORCH_CFLAGS)
  string(STRIP "${MINILLAMA_TORCH_CFLAGS} ${TORCH_CXX_FLAGS}" MINILLAMA_TORCH_CFLAGS)
  set(MINILLAMA_TORCH_LIBS "-L${MINILLAMA_TORCH_LIBDIR}")
  if(NOT MINILLAMA_TORCH_LIBDIR IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
    string(APPEND MINILLAMA_TORCH_LIBS " -Wl,-rpath,${MINILLAMA_TORCH_LIBDIR}")
  endif()
  # Nothing refers to libtorch.so, which brings LibTorch's part for CUDA: a linker that drops libraries
  # that are not referred to, as Ubuntu's does, must be told to keep it.
  string(APPEND MINILLAMA_TORCH_LIBS
         " -Wl,--push-state,--no-as-needed -ltorch -Wl,--pop-state -ltorch_cpu -lc10")
  if(MINILLAMA_FMT STREQUAL "fmt::fmt")
    set(MINILLAMA_FMT_LIBS "-lfmt")
  endif()
  if(SENTENCEPIECE_USES_ABSL)
    set(MINILLAMA_PC_REQUIRES absl_status)
  endif()
  # Relative to the file, so that the prefix may be chosen at installation.
  file(RELATIVE_PATH MINILLAMA_PC_TO_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  configure_file(cmake/minillama.pc.in minillama.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/minillama.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endif()

install(FILES LICENSE README.md CONTRIBUTING.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(MINILLAMA_BUILD_APPS)
  # Programs of everyday names carry the project's where others' lie: ImageMagick has a convert, too.
  # They go as they were linked, so that a LibTorch outside the system's places is found.
  set(apps classify convert generate)
  if(MINILLAMA_TORCH)
    list(APPEND apps pretrain)
    # What the apps without LibTorch become where they need it.
    install(PROGRAMS $<TARGET_FILE:convert_module> $<TARGET_FILE:generate_module>
                     $<TARGET_FILE:classify_module> $<TARGET_FILE:classify_cfimdb_module>
                     $<TARGET_FILE:classify_sst_module>
            DESTINATION ${CMAKE_INSTALL_LIBEXECDIR}/minillama)
  endif()
  foreach(app ${apps})
    install(PROGRAMS $<TARGET_FILE:${app}> DESTINATION ${CMAKE_INSTALL_BINDIR}
            RENAME minillama-${app})
  endforeach()
  install(PROGRAMS $<TARGET_FILE:classify_cfimdb> $<TARGET_FILE:classify_sst>
          DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(NOT CMAKE_CROSSCOMPILING)  # programs for another machine cannot be asked here
    list(TRANSFORM apps PREPEND minillama- OUTPUT_VARIABLE installed_apps)
    list(APPEND installed_apps classify_cfimdb classify_sst)
    install(CODE "set(apps ${installed_apps})
set(bin_dir \"${CMAKE_INSTALL_BINDIR}\")
set(data_dir \"${CMAKE_INSTALL_DATADIR}\")
set(man_dir \"${CMAKE_INSTALL_MANDIR}\")")
    install(SCRIPT cmake/InstallOptionFiles.cmake)
  endif()
  install(DIRECTORY checkpoints/reviews checkpoints/reviews-tiny checkpoints/sst checkpoints/cfimdb
          DESTINATION ${CMAKE_INSTALL_DATADIR}/minillama/checkpoints)
endif()

# Finds LibTorch and makes the target `torch`, for minillama's own build and for programs that use an
# installed minillama. Sets TORCH_INCLUDE_DIRS, TORCH_CXX_FLAGS and MINILLAMA_TORCH_LIBDIR.
#
# A LibTorch with CUDA is not asked for through its own package file, which insists on a CUDA toolkit
# (and stops inside CMake 3.25 at that of CUDA 13): minillama compiles no CUDA, and the libraries of
# LibTorch find those of CUDA by themselves, be they in the zip or in a Python wheel's neighbours.
find_path(
  MINILLAMA_TORCH_PACKAGE TorchConfig.cmake
  HINTS "${Torch_DIR}"
  PATH_SUFFIXES Torch share/cmake/Torch lib/cmake/Torch)
get_filename_component(torch_prefix "${MINILLAMA_TORCH_PACKAGE}/../../.." ABSOLUTE)

if(MINILLAMA_TORCH_PACKAGE)
  file(STRINGS "${MINILLAMA_TORCH_PACKAGE}/TorchConfig.cmake" torch_old_abi
       REGEX "_GLIBCXX_USE_CXX11_ABI=0")
  if(torch_old_abi)
    message(
      FATAL_ERROR
        "The LibTorch in ${torch_prefix} has the C++ ABI of before GCC 5, with which neither the C++ "
        "library's strings nor the system's fmt and sentencepiece can be used. Take the zip called "
        "\"cxx11 ABI\", or a Python wheel of version 2.6 or later.")
  endif()
endif()

if(MINILLAMA_TORCH_PACKAGE AND EXISTS "${torch_prefix}/lib/libtorch_cuda.so")
  set(MINILLAMA_TORCH_LIBDIR "${torch_prefix}/lib")
  set(TORCH_INCLUDE_DIRS "${torch_prefix}/include" "${torch_prefix}/include/torch/csrc/api/include")
  if(NOT TARGET torch)
    add_library(torch INTERFACE IMPORTED)
    # libtorch.so itself defines nothing, and must be linked all the same: it brings libtorch_cuda.so.
    set_target_properties(
      torch
      PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES "${TORCH_INCLUDE_DIRS}"
        INTERFACE_LINK_LIBRARIES
        "-Wl,--push-state,--no-as-needed,${MINILLAMA_TORCH_LIBDIR}/libtorch.so,--pop-state;${MINILLAMA_TORCH_LIBDIR}/libtorch_cpu.so;${MINILLAMA_TORCH_LIBDIR}/libc10.so"
    )
  endif()
else()
  find_package(Torch REQUIRED)
  get_target_property(torch_location torch IMPORTED_LOCATION)
  if(NOT torch_location)
    get_target_property(torch_location torch IMPORTED_LOCATION_NONE)
  endif()
  if(NOT torch_location)
    get_target_property(torch_location torch IMPORTED_LOCATION_RELEASE)
  endif()
  get_filename_component(MINILLAMA_TORCH_LIBDIR "${torch_location}" DIRECTORY)
endif()

# Installs the build in BUILD to a new prefix, builds the project beside this file against it, runs
# it; then links the same object by what pkg-config says.
set(work ${BUILD}/tests/consumer)
file(REMOVE_RECURSE ${work})

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGN}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${work}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consumer -B ${work}/build -G Ninja
    -D CMAKE_BUILD_TYPE=Debug -D CMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}"
    "-DCMAKE_PREFIX_PATH=${work}/prefix;${PREFIX_PATH}"
    -D EXAMPLE=${SOURCE}/docs/example/continue.cpp)
run(${CMAKE_COMMAND} --build ${work}/build)
set(model ${work}/prefix/share/minillama/checkpoints/reviews)
run(${work}/build/consumer ${model})
message("${output}")
run(${work}/build/example ${model} "This movie is")
message("${output}")
run(${work}/prefix/bin/minillama-generate -p "This movie is" -n 3 --quiet)

run(${CMAKE_COMMAND} -S ${SOURCE}/tests/consumer/runtime -B ${work}/runtime -G Ninja
    -D CMAKE_BUILD_TYPE=Debug -D CMAKE_CXX_COMPILER=${COMPILER} "-DCMAKE_CXX_FLAGS=${FLAGS}"
    "-DCMAKE_PREFIX_PATH=${work}/prefix;${PREFIX_PATH}")
run(${CMAKE_COMMAND} --build ${work}/runtime)
run(${work}/runtime/runtime ${model} ${work}/prefix/share/minillama/checkpoints/sst)
message("${output}")
# What was installed lies as it must to become its sibling.
run(${work}/prefix/bin/classify_sst --option prompt --quiet "A delight .")
run(${work}/prefix/bin/classify_sst --quiet "A delight .")
run(${work}/prefix/bin/minillama-classify -m ${work}/prefix/share/minillama/checkpoints/sst --quiet
    "A delight .")

find_program(PKG_CONFIG pkg-config)
if(NOT PKG_CONFIG)
  message("pkg-config is not there: its file is not tried")
  return()
endif()
set(ENV{PKG_CONFIG_PATH} ${work}/prefix/lib/pkgconfig:${work}/prefix/lib/${MULTIARCH}/pkgconfig)
run(${PKG_CONFIG} --cflags minillama)
run(${PKG_CONFIG} --libs minillama)
string(STRIP "${output}" libraries)
separate_arguments(libraries UNIX_COMMAND "${libraries}")
separate_arguments(flags UNIX_COMMAND "${FLAGS}")
run(${COMPILER} ${flags} ${work}/build/CMakeFiles/consumer.dir/main.cpp.o -o ${work}/linked
    ${libraries})
run(${work}/linked ${model})
message("linked by pkg-config as well")

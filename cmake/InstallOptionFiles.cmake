# Run by `cmake --install` when the programs are in their place: asks each of `apps` for its page for
# man and for what completes its options, and puts them where man and the shells look.
set(prefix "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")

function(write_what_it_prints app option file)
  execute_process(COMMAND "${prefix}/${bin_dir}/${app}" ${option}
                  OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
  file(WRITE "${prefix}/${file}" "${text}")
  message(STATUS "Installing: ${prefix}/${file}")
endfunction()

foreach(app ${apps})
  write_what_it_prints(${app} --man ${man_dir}/man1/${app}.1)
  write_what_it_prints(${app} --completion=bash ${data_dir}/bash-completion/completions/${app})
  write_what_it_prints(${app} --completion=fish ${data_dir}/fish/vendor_completions.d/${app}.fish)
  write_what_it_prints(${app} --completion=zsh ${data_dir}/zsh/site-functions/_${app})
endforeach()

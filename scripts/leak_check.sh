# To be sourced, with a program that was built with AddressSanitizer: the search for leaks needs ptrace,
# which some containers forbid. There it is switched off, since every program would fail for it.
if [[ $("$@" 2>&1) == *'LeakSanitizer has encountered a fatal error'* ]]; then
  echo 'Leaks are not looked for: this system does not let LeakSanitizer work.' >&2
  export LSAN_OPTIONS=detect_leaks=0
fi

# What text is read with: PCRE2 (regular expressions) as minillama::pcre2, utf8proc (Unicode) as
# minillama::utf8proc, and zlib (gzip files) as minillama::zlib. Installed too, as a program that links
# the static library needs them.
foreach(library "pcre2;pcre2.h;pcre2-8" "utf8proc;utf8proc.h;utf8proc" "zlib;zlib.h;z")
  list(GET library 0 name)
  list(GET library 1 header)
  list(GET library 2 file)
  if(NOT TARGET minillama::${name})
    find_path(MINILLAMA_${name}_INCLUDE_DIR ${header} REQUIRED)
    find_library(MINILLAMA_${name}_LIBRARY ${file} REQUIRED)
    mark_as_advanced(MINILLAMA_${name}_INCLUDE_DIR MINILLAMA_${name}_LIBRARY)
    add_library(minillama::${name} UNKNOWN IMPORTED)
    set_target_properties(
      minillama::${name}
      PROPERTIES IMPORTED_LOCATION ${MINILLAMA_${name}_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES
                                                                ${MINILLAMA_${name}_INCLUDE_DIR})
  endif()
endforeach()

# What `cmake --install`, the Debian package (cpack) and the tarball (target dist) consist of. docs/install.md.

set(doc ${CMAKE_INSTALL_DOCDIR})
install(TARGETS iopt)
install(DIRECTORY configs/traces DESTINATION ${CMAKE_INSTALL_DATADIR}/iopt)
install(PROGRAMS scripts/plot DESTINATION ${CMAKE_INSTALL_BINDIR} RENAME iopt-plot)
install(DIRECTORY scripts/plotting DESTINATION ${CMAKE_INSTALL_DATADIR}/iopt FILES_MATCHING PATTERN "*.py"
  PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY configs/ DESTINATION ${doc}/examples FILES_MATCHING PATTERN "*.ini" PATTERN "traces" EXCLUDE)
# as in the sources, so that links between the pages hold; of those that lead to what stays in the sources the words
# are left, and job files are the examples above
install(DIRECTORY docs DESTINATION ${doc} PATTERN "*.md" EXCLUDE)
file(GLOB_RECURSE pages CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} docs/*.md)
foreach(page ${pages})
  file(READ ${page} text)
  string(REGEX REPLACE "\\]\\((\\.\\./)+configs" "](../examples" text "${text}")
  string(REGEX REPLACE "\\[([^]]*)\\]\\((\\.\\./)+(results|tests|scripts|README|CONTRIBUTING)[^)]*\\)" "\\1" text "${text}")
  file(WRITE ${PROJECT_BINARY_DIR}/pages/${page} "${text}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page})
endforeach()
install(DIRECTORY ${PROJECT_BINARY_DIR}/pages/docs DESTINATION ${doc})
install(FILES LICENSE CHANGELOG.md DESTINATION ${doc} COMPONENT plain)

# example.org is nobody's (RFC 2606): a placeholder, for whoever builds packages to give to others
set(IOPT_MAINTAINER "The iopt authors <iopt@example.org>" CACHE STRING
  "who answers for the Debian package that is built here: Name <address>")

find_program(GZIP gzip)
function(gzipped file out) # without name and time: the same bytes every time
  add_custom_command(OUTPUT ${out} COMMAND ${GZIP} -9nc ${file} > ${out} DEPENDS ${file} VERBATIM)
  set_property(GLOBAL APPEND PROPERTY gzipped_files ${PROJECT_BINARY_DIR}/${out})
endfunction()
if(GZIP)
  gzipped(${PROJECT_SOURCE_DIR}/packaging/iopt-plot.1 iopt-plot.1.gz)
  configure_file(packaging/changelog changelog.Debian @ONLY)
  gzipped(${PROJECT_BINARY_DIR}/changelog.Debian changelog.Debian.gz)
  gzipped(${PROJECT_SOURCE_DIR}/CHANGELOG.md changelog.gz)
  if(IOPT_SELF_WRITTEN)
    gzipped(${PROJECT_BINARY_DIR}/iopt.1 iopt.1.gz)
    install(FILES ${PROJECT_BINARY_DIR}/iopt.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endif()
  install(FILES ${PROJECT_BINARY_DIR}/iopt-plot.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${PROJECT_BINARY_DIR}/changelog.gz ${PROJECT_BINARY_DIR}/changelog.Debian.gz DESTINATION ${doc} COMPONENT debian EXCLUDE_FROM_ALL)
  get_property(files GLOBAL PROPERTY gzipped_files)
  add_custom_target(gzipped ALL DEPENDS ${files})
endif()

if(IOPT_SELF_WRITTEN)
  set(share ${CMAKE_INSTALL_DATADIR})
  install(FILES ${PROJECT_BINARY_DIR}/iopt.bash DESTINATION ${share}/bash-completion/completions RENAME iopt)
  install(FILES ${PROJECT_BINARY_DIR}/iopt.fish DESTINATION ${share}/fish/vendor_completions.d)
  # where zsh looks, and where Debian's does for packages
  install(FILES ${PROJECT_BINARY_DIR}/_iopt DESTINATION ${share}/zsh/site-functions COMPONENT plain)
  install(FILES ${PROJECT_BINARY_DIR}/_iopt DESTINATION ${share}/zsh/vendor-completions COMPONENT debian
    EXCLUDE_FROM_ALL)
endif()
install(FILES packaging/copyright DESTINATION ${doc} COMPONENT debian EXCLUDE_FROM_ALL)
install(FILES packaging/lintian-overrides DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides RENAME iopt
  COMPONENT debian EXCLUDE_FROM_ALL)

# the tarball: what git has, of HEAD; .git-commit in it says which that is
if(Git_FOUND AND described)
  add_custom_target(dist
    COMMAND ${GIT_EXECUTABLE} -C ${PROJECT_SOURCE_DIR} archive --format=tar.gz
      --prefix=iopt-${PROJECT_VERSION}/ -o ${PROJECT_BINARY_DIR}/iopt-${PROJECT_VERSION}.tar.gz HEAD VERBATIM)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME iopt)
set(CPACK_PACKAGE_VENDOR "the iopt authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "stress test and benchmark of IOMMU page tables")
set(CPACK_PACKAGE_DESCRIPTION
"Pins worker threads across NUMA nodes, has them map and unmap in bit-exact
AMD and Intel IOMMU page tables under several synchronisation schemes, locked
and lockless, checks after every run that nothing was lost, and reports
throughput, what was allocated in vain, and tail latency, as text, CSV, JSON
and HTML.")
set(CPACK_PACKAGE_FILE_NAME_COMPONENT DEB-DEFAULT)
set(CPACK_PACKAGE_DIRECTORY ${PROJECT_BINARY_DIR})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE
  WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
# one package of the components Unspecified and debian; plain is what a package has elsewhere
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_COMPONENTS_ALL Unspecified debian)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${IOPT_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "python3") # of iopt-plot
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-matplotlib")
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
include(CPack)

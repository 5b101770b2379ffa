# The page of `iopt report`: our files and Chart.js go into the program.

# The order of the files in the script, and of the sections on the page.
set(page_order core figure series panel answer_lock answer compare added scaling latency waste model_dma model fairness slices live
  machine environment start)

find_file(IOPT_CHART_JS NAMES chart.umd.min.js chart.umd.js chart.min.js
  PATHS /usr/share/nodejs/chart.js/dist /usr/share/javascript/chart.js
  NO_DEFAULT_PATH NO_CMAKE_FIND_ROOT_PATH # no library of the target: the builder's file, also across
  DOC "Chart.js, the file for browsers; Debian: libjs-chart.js")

file(GLOB page_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/html/*.js)
foreach(name ${page_order})
  list(REMOVE_ITEM page_files ${PROJECT_SOURCE_DIR}/bench/html/${name}.js)
endforeach()
if(page_files)
  message(FATAL_ERROR "bench/html/page.cmake: page_order lacks ${page_files}")
endif()

if(IOPT_CHART_JS)
  set(page_dir ${PROJECT_BINARY_DIR}/page)
  set(page_inputs ${IOPT_CHART_JS})
  foreach(name page.html style.css join.cmake)
    list(APPEND page_inputs ${PROJECT_SOURCE_DIR}/bench/html/${name})
  endforeach()
  list(TRANSFORM page_order REPLACE "(.+)" "${PROJECT_SOURCE_DIR}/bench/html/\\1.js" OUTPUT_VARIABLE paths)
  add_custom_command(OUTPUT ${page_dir}/before.html ${page_dir}/after.html
    COMMAND ${CMAKE_COMMAND} -D SOURCE=${PROJECT_SOURCE_DIR}/bench/html -D CHART=${IOPT_CHART_JS}
      -D DIR=${page_dir} "-DSCRIPTS=${page_order}" -P ${PROJECT_SOURCE_DIR}/bench/html/join.cmake
    DEPENDS ${page_inputs} ${paths} VERBATIM)
  set_source_files_properties(bench/page_files.c PROPERTIES
    COMPILE_DEFINITIONS "IOPT_PAGE_DIR=\"${page_dir}\""
    OBJECT_DEPENDS "${page_dir}/before.html;${page_dir}/after.html")
else()
  message(STATUS "no Chart.js (Debian: libjs-chart.js; -D IOPT_CHART_JS=FILE): no page of `iopt report`")
endif()

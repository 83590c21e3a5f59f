# A room is a folder below src/ with one static library. room(NAME FILES… LINKS…) declares it, so
# that a room's CMakeLists.txt reads as two lists: its files and the rooms it stands on.
function(room name)
  cmake_parse_arguments(ARG "" "" "FILES;LINKS" ${ARGN})
  add_library(firstcome_${name} STATIC ${ARG_FILES})
  target_include_directories(firstcome_${name} PUBLIC ${PROJECT_SOURCE_DIR}/src)
  foreach(link IN LISTS ARG_LINKS)
    if(TARGET firstcome_${link})
      target_link_libraries(firstcome_${name} PUBLIC firstcome_${link})
    else()
      target_link_libraries(firstcome_${name} PUBLIC ${link})
    endif()
  endforeach()
endfunction()

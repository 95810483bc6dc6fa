# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where. systemd looks below /usr/lib and /usr/local/lib alike.
install(TARGETS plimsoll plimsoll-agent RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
foreach(unit plimsoll-agent.service plimsoll-server.service)
  configure_file("${CMAKE_SOURCE_DIR}/deploy/systemd/${unit}.in" "${CMAKE_BINARY_DIR}/${unit}" @ONLY)
  install(FILES "${CMAKE_BINARY_DIR}/${unit}" DESTINATION lib/systemd/system)
endforeach()
install(FILES deploy/systemd/plimsoll.sysusers DESTINATION lib/sysusers.d RENAME plimsoll.conf)
install(FILES README.md ARCHITECTURE.md SECURITY.md CHANGELOG.md WHAT-IS-SENT.md LICENSE
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")

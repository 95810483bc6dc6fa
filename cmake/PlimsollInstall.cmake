# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts where.
install(TARGETS plimsoll plimsoll_agent RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES deploy/systemd/plimsoll-agent.service deploy/systemd/plimsoll-server.service
        DESTINATION lib/systemd/system)
install(FILES README.md ARCHITECTURE.md SECURITY.md CHANGELOG.md WHAT-IS-SENT.md LICENSE
        DESTINATION "${CMAKE_INSTALL_DOCDIR}")

/* SPDX-License-Identifier: Apache-2.0 */
/* What one RUN step of an image's build record shows; the words are those that the agent's mask
 * lets through. Internal to derive_build*.c. */
#ifndef PLIMSOLL_CHECKS_DERIVE_BUILD_H
#define PLIMSOLL_CHECKS_DERIVE_BUILD_H

#include <stdbool.h>

/*
 * The package index is updated and nothing of the same package manager installs in the step.
 * gives: the command, "apt-get update"; NULL when there is none. Free with g_free(), as all below.
 */
char *build_run_lone_update(const char *text);
/* "chmod 4755": the first mode that sets the user or group id bit. NULL: none. */
char *build_run_set_id(const char *text);
/* The first option that lets a package in unverified. NULL: none. */
char *build_run_unverified(const char *text);
/* A URL with a user name or a password. */
bool build_run_has_userinfo(const char *text);
/* The agent cut the text off: what follows was not seen. */
bool build_run_is_cut(const char *text);

#endif

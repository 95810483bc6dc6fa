/* SPDX-License-Identifier: Apache-2.0 */
/* Options of a command line as facts: which were given, and of those that may leave the host, what.
 */
#ifndef PLIMSOLL_AGENT_COLLECT_OPTIONS_H
#define PLIMSOLL_AGENT_COLLECT_OPTIONS_H

#include "agent/collect/pflag.h"
#include "agent/collect/survey.h"

/* The words of /proc/PID/cmdline, all but the first. gives: g_strfreev(). */
char **options_words(const char *cmdline, size_t size);

/* dockerd's options among words. */
Plimsoll__DockerdOption **options_of_dockerd(const struct survey *survey, const char *const *words,
					     size_t *ret_n);

/* The last value of an option, kept or masked; NULL: not given. gives: g_free(). */
char *options_last(const struct pflag_option *table, const char *const *words, const char *name);
/* All values of an option. gives: an array that frees its strings. */
GPtrArray *options_all(const struct pflag_option *table, const char *const *words,
		       const char *name);

#endif

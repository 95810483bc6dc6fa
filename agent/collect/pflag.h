/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines as dockerd and containerd read them (RULES 0.5 point 1). The table of options says
 * which of them take a value and which values may leave the host.
 */
#ifndef PLIMSOLL_AGENT_COLLECT_PFLAG_H
#define PLIMSOLL_AGENT_COLLECT_PFLAG_H

#include <glib.h>
#include <stdbool.h>

enum pflag_type { PFLAG_BOOL, PFLAG_TEXT, PFLAG_NUMBER };
enum pflag_keep {
	PFLAG_MASK,   /* the name only */
	PFLAG_KEEP,   /* the value as it stands */
	PFLAG_LOG_OPT /* addresses of log drivers, see pflag_log_option() */
};

struct pflag_option {
	const char *name; /* without dashes */
	char letter;      /* 0 = none */
	enum pflag_type type;
	enum pflag_keep keep;
};

extern const struct pflag_option pflag_dockerd_options[];    /* ends with name NULL */
extern const struct pflag_option pflag_containerd_options[]; /* ends with name NULL */

/* One occurrence of an option. */
struct pflag_value {
	const char *name;  /* borrowed from the words or the table */
	size_t name_size;  /* name is not terminated */
	const char *value; /* NULL: none was given where one is due */
	bool is_known;
	bool is_bad;                       /* does not parse for the option's type */
	const struct pflag_option *option; /* NULL: not in the table */
};

/*
 * Calls back for every option of words (the program's name is not among them), in their order. An
 * unknown option takes the value behind "=" only; what follows it cannot be told apart.
 */
void pflag_parse(const struct pflag_option *options, const char *const *words, guint n_words,
		 void (*each)(const struct pflag_value *value, void *data), void *data);

/* The spellings of Go's strconv.ParseBool. */
bool pflag_boolean(const char *text, bool *ret_value);

/*
 * What may leave the host of a log option: of syslog-address, gelf-address and fluentd-address
 * scheme, host and port; of splunk-url the host; of awslogs-region all. gives: the value, free with
 * g_free(); NULL: nothing.
 */
char *pflag_log_option(const char *key, const char *value);

#endif

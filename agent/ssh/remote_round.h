/* SPDX-License-Identifier: Apache-2.0 */
/* One batch's round: what is known of the other machine, and what is still to be asked. */
#ifndef PLIMSOLL_AGENT_REMOTE_ROUND_H
#define PLIMSOLL_AGENT_REMOTE_ROUND_H

#include "agent/host/batch_private.h"
#include "agent/mount_table.h"
#include "agent/ssh/remote_private.h"
#include "agent/ssh/remote_records.h"

enum remote_call_kind {
	REMOTE_CALL_ENTRIES,
	REMOTE_CALL_FILES,
	REMOTE_CALL_TEXT,
	REMOTE_CALL_LINK,
	REMOTE_CALL_NAMES,
	REMOTE_CALL_LISTS,
	REMOTE_CALL_PROCESS_TEXTS,
	REMOTE_CALL_PROCESS_LINKS,
	REMOTE_CALL_PROCESS_WORDS,
	REMOTE_CALL_PROCESS_EACH,
	REMOTE_CALL_OWN_MOUNT,
	REMOTE_CALL_AUDIT_RULES,
	REMOTE_CALL_AUDIT_STATUS,
	REMOTE_CALL_LISTENERS,
};

/* A call that was sent. */
struct remote_call {
	enum remote_call_kind kind;
	GPtrArray *paths; /* what it was about; its strings are its own; NULL: nothing */
};

enum remote_list { REMOTE_LIST_ASKED = 1, REMOTE_LIST_NONE, REMOTE_LIST_SOME };

/* What one call printed, whole. */
struct remote_text {
	bool is_known;
	int status; /* how it ended; 0 = well */
	char *text; /* NUL-terminated */
	size_t size;
	char *words;
};

struct remote_names {
	bool is_known, is_cut;
	int errno_value;
	GPtrArray *names; /* in no order */
};

struct remote_round {
	struct remote_shell *shell;
	struct host_batch *batch;
	gint64 deadline_us;
	GString *out;        /* calls of the next trip */
	GHashTable *calls;   /* id -> struct remote_call */
	GHashTable *entries; /* path -> struct remote_entry, links themselves */
	GHashTable *files;   /* path -> struct remote_entry, where they lead */
	GHashTable *texts;   /* path -> struct remote_text */
	GHashTable *names;   /* path -> struct remote_names */
	GHashTable *lists;   /* path -> enum remote_list */
	GHashTable *once;    /* kind -> struct remote_text, of calls that are asked once */
	GHashTable *done;    /* wants that have their answer */
	GPtrArray *new_entries, *new_files, *new_names, *new_lists;
	struct mount_table *mounts; /* of the other machine; NULL: not read */
	char *wait_for;             /* the latest name that nobody was to wait for; NULL: none */
};

void remote_round_init(struct remote_round *ret_round, struct remote_shell *shell,
		       struct host_batch *batch);
void remote_round_done(struct remote_round *round);
/* One trip for all that was asked since the last one; false: there was nothing, or it is lost. */
bool remote_round_trip(struct remote_round *round);
/* Each asks unless it did before. gives: the answer, or NULL while there is none. */
const struct remote_entry *remote_round_entry(struct remote_round *round, const char *path);
const struct remote_entry *remote_round_file(struct remote_round *round, const char *path);
const struct remote_text *remote_round_text(struct remote_round *round, const char *path,
					    size_t max_bytes);
/* The first of these folders of descriptors (" /proc/1/fd /proc/2/fd") that holds a socket. */
const struct remote_text *remote_round_holder(struct remote_round *round, guint64 inode,
					      const char *folders);
/* Where the link leads whose entry did not say. */
void remote_round_ask_target(struct remote_round *round, const char *path);
const struct remote_names *remote_round_names(struct remote_round *round, const char *path);
/* REMOTE_LIST_ASKED: that is not known. */
enum remote_list remote_round_list(struct remote_round *round, const char *path);
/* A call without paths, or with ones that are its own: is_known once it came. */
const struct remote_text *remote_round_once(struct remote_round *round, enum remote_call_kind kind,
					    const char *arguments);
/* Whether a realpath lies where a question may never be answered; false: that is still to be asked.
 */
bool remote_round_is_suspect(struct remote_round *round, const char *path, bool *ret_suspect);
/* Asks for such a name's entry, aside. */
void remote_round_aside(struct remote_round *round, const char *path, gint64 deadline_us);
/* The state of what has no answer. */
struct host_state remote_round_unanswered(const struct remote_round *round);

/* Each gives false while something is still to be asked. */
bool remote_answer_stat(struct remote_round *round, struct host_stat *answer);
bool remote_answer_read(struct remote_round *round, struct host_read *answer);
bool remote_answer_link(struct remote_round *round, struct host_link *answer);
bool remote_answer_list(struct remote_round *round, struct host_list *answer);
bool remote_answer_peer(struct remote_round *round, struct host_peer *answer);
bool remote_answer_processes(struct remote_round *round, struct host_process_table *answer);
bool remote_answer_self(struct remote_round *round, struct host_self *answer);
bool remote_answer_audit(struct remote_round *round, struct host_audit *answer);

#endif

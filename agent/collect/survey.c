/* SPDX-License-Identifier: Apache-2.0 */
/* Step 1 of the flow: runs the host's collectors round by round. */
#include "agent/collect/survey.h"

#include <string.h>

/* Order matters: see survey.h. */
static const struct collector *const collectors[] = {
	&accounts_collector, &hostinfo_collector, &processes_collector,  &dockerd_collector,
	&unit_collector,     &config_collector,   &containerd_collector, &containers_collector,
	&files_collector,    &mounts_collector,   &audit_collector,      &engines_collector,
};

void survey_init(struct survey *ret_survey, struct host *host)
{
	*ret_survey = (struct survey){
		.host = host,
		.arena = arena_new(SIZE_MAX),
		.fetches = g_ptr_array_new(),
		.fetch_costs = g_ptr_array_new(),
	};
	ret_survey->facts = survey_message(ret_survey, &plimsoll__facts__descriptor);
	ret_survey->facts->host = survey_message(ret_survey, &plimsoll__host__descriptor);
	ret_survey->facts->snapshot = survey_message(ret_survey, &plimsoll__snapshot__descriptor);
	ret_survey->observed = survey_message(ret_survey, &plimsoll__observed__descriptor);
}

void survey_done(struct survey *survey)
{
	for (guint i = 0; i < G_N_ELEMENTS(collectors); i++) {
		if (collectors[i]->done != NULL)
			collectors[i]->done(survey);
	}
	g_ptr_array_unref(survey->fetches);
	g_ptr_array_unref(survey->fetch_costs);
	arena_free(survey->arena);
}

bool survey_round(struct survey *survey, guint round, GError **error)
{
	PLIMSOLL_AUTO(host_batch) *batch = host_batch_new(survey->arena);
	bool done = false;

	survey->batch = batch;
	for (guint i = 0; i < G_N_ELEMENTS(collectors); i++) {
		if (collectors[i]->want[round] != NULL)
			collectors[i]->want[round](survey);
	}
	done = host_run(survey->host, batch, error);
	survey->batch = NULL;
	return done;
}

void survey_finish(struct survey *survey)
{
	for (guint i = 0; i < G_N_ELEMENTS(collectors); i++) {
		if (collectors[i]->settle != NULL)
			collectors[i]->settle(survey);
	}
	for (guint i = 0; i < G_N_ELEMENTS(collectors); i++) {
		if (collectors[i]->finish != NULL)
			collectors[i]->finish(survey);
	}
}

char *survey_text(const struct survey *survey, const char *text)
{
	g_autofree char *valid = NULL;
	size_t length = 0;

	if (text == NULL)
		return NULL;
	length = strlen(text);
	if (length > LIMIT_STRING_BYTES)
		length = LIMIT_STRING_BYTES / 2; /* U+FFFD takes up to three bytes for one */
	valid = g_utf8_make_valid(text, (gssize)length);
	return strlen(valid) > LIMIT_STRING_BYTES ? arena_strndup(survey->arena, "", 0)
						  : arena_strdup(survey->arena, valid);
}

void *survey_message(const struct survey *survey, const ProtobufCMessageDescriptor *descriptor)
{
	ProtobufCMessage *message = arena_calloc(survey->arena, 1, descriptor->sizeof_message);

	protobuf_c_message_init(descriptor, message);
	return message;
}

void *survey_list(const struct survey *survey, const GPtrArray *members, size_t *ret_n)
{
	void **list = NULL;

	*ret_n = members->len;
	if (members->len == 0)
		return NULL;
	list = arena_calloc(survey->arena, members->len, sizeof(*list));
	memcpy(list, members->pdata, members->len * sizeof(*list));
	return list;
}

void survey_fetch(struct survey *survey, const char *source, const char *group,
		  const struct host_state *state)
{
	Plimsoll__Fetch *fetch = survey_message(survey, &plimsoll__fetch__descriptor);

	fetch->source = survey_text(survey, source);
	fetch->group = arena_strdup(survey->arena, group);
	WIRE_SET(fetch, status, state->status);
	if (state->errno_value != 0)
		WIRE_SET(fetch, errno_value, state->errno_value);
	if (state->detail != NULL)
		fetch->detail = survey_text(survey, state->detail);
	g_ptr_array_add(survey->fetches, fetch);
}

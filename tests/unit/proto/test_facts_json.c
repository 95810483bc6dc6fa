/* SPDX-License-Identifier: Apache-2.0 */
/* Facts through JSON and back, by reflection: nothing is lost, nothing unknown slips in. */
#include <string.h>

#include "proto/facts_json.h"
#include "proto/limits.h"

/*
 * Fills every field of a message, whatever its type, with values that differ from one another; so
 * the round trip below covers fields that do not exist yet.
 */
static void fill(ProtobufCMessage *message, struct arena *arena, int64_t *counter);

static void fill_element(const ProtobufCFieldDescriptor *field, void *element, struct arena *arena,
			 int64_t *counter)
{
	const ProtobufCEnumDescriptor *names = field->descriptor;
	ProtobufCBinaryData *bytes = element;
	ProtobufCMessage *child = NULL;

	(*counter)++;
	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		*(protobuf_c_boolean *)element = *counter % 2 == 0;
		break;
	case PROTOBUF_C_TYPE_ENUM:
		*(int *)element = names->values[(unsigned)*counter % names->n_values].value;
		break;
	case PROTOBUF_C_TYPE_UINT32:
		*(uint32_t *)element = UINT32_MAX - (uint32_t)*counter;
		break;
	case PROTOBUF_C_TYPE_INT64:
		*(int64_t *)element = INT64_MIN + *counter;
		break;
	case PROTOBUF_C_TYPE_UINT64:
		*(uint64_t *)element = UINT64_MAX - (uint64_t)*counter;
		break;
	case PROTOBUF_C_TYPE_STRING:
		*(char **)element =
			arena_printf(arena, "%s \xe2\x82\xac \"%d\"", field->name, (int)*counter);
		break;
	case PROTOBUF_C_TYPE_BYTES:
		bytes->len = 3;
		bytes->data = (uint8_t *)arena_strdup(arena, "\xff\x80z");
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		child = arena_calloc(
			arena, 1,
			((const ProtobufCMessageDescriptor *)field->descriptor)->sizeof_message);
		protobuf_c_message_init(field->descriptor, child);
		fill(child, arena, counter);
		*(ProtobufCMessage **)element = child;
		break;
	default:
		g_assert_not_reached();
	}
}

static void fill(ProtobufCMessage *message, struct arena *arena, int64_t *counter)
{
	enum { MEMBERS = 2, LARGEST_ELEMENT = sizeof(ProtobufCBinaryData) };

	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		uint8_t *base = (uint8_t *)message;

		if (field->label != PROTOBUF_C_LABEL_REPEATED) {
			if (field->quantifier_offset != 0)
				*(protobuf_c_boolean *)(void *)(base + field->quantifier_offset) =
					true;
			fill_element(field, base + field->offset, arena, counter);
			continue;
		}
		/* the schema's lists are of texts, messages and enums */
		size_t size = field->type == PROTOBUF_C_TYPE_ENUM ? sizeof(int) : sizeof(void *);
		uint8_t *list = arena_calloc(arena, MEMBERS, LARGEST_ELEMENT);
		for (size_t k = 0; k < MEMBERS; k++)
			fill_element(field, list + k * size, arena, counter);
		*(uint8_t **)(void *)(base + field->offset) = list;
		*(size_t *)(void *)(base + field->quantifier_offset) = MEMBERS;
	}
}

static struct collection *full_collection(void)
{
	struct collection *collection = g_new0(struct collection, 1);
	int64_t counter = 0;

	collection->arena = arena_new(SIZE_MAX);
	collection->envelope = arena_calloc(collection->arena, 1, sizeof(*collection->envelope));
	collection->facts = arena_calloc(collection->arena, 1, sizeof(*collection->facts));
	collection->observed = arena_calloc(collection->arena, 1, sizeof(*collection->observed));
	plimsoll__envelope__init(collection->envelope);
	plimsoll__facts__init(collection->facts);
	plimsoll__observed__init(collection->observed);
	fill(&collection->envelope->base, collection->arena, &counter);
	fill(&collection->facts->base, collection->arena, &counter);
	fill(&collection->observed->base, collection->arena, &counter);
	return collection;
}

static void assert_same(const ProtobufCMessage *one, const ProtobufCMessage *two)
{
	g_autoptr(GBytes) first = wire_pack(one);
	g_autoptr(GBytes) second = wire_pack(two);

	g_assert_true(g_bytes_equal(first, second));
}

static void test_every_field_survives_the_round_trip(void)
{
	PLIMSOLL_AUTO(collection) *written = full_collection();
	g_autofree char *text = facts_json_write(written);
	g_autofree char *again = NULL;
	g_autoptr(GError) error = NULL;
	PLIMSOLL_AUTO(collection) *read = facts_json_read(text, strlen(text), &error);

	g_assert_no_error(error);
	assert_same(&written->envelope->base, &read->envelope->base);
	assert_same(&written->facts->base, &read->facts->base);
	assert_same(&written->observed->base, &read->observed->base);
	again = facts_json_write(read);
	g_assert_cmpstr(text, ==, again);
}

static void test_the_wire_and_json_tell_the_same(void)
{
	PLIMSOLL_AUTO(collection) *written = full_collection();
	g_autoptr(GBytes) packed = wire_pack(&written->facts->base);
	g_autofree char *one = NULL;
	g_autofree char *two = NULL;
	g_autoptr(GError) error = NULL;
	Plimsoll__Facts *facts = wire_unpack_facts(
		g_bytes_get_data(packed, NULL), g_bytes_get_size(packed), written->arena, &error);

	g_assert_no_error(error);
	one = facts_json_write(written);
	written->facts = facts;
	two = facts_json_write(written);
	g_assert_cmpstr(one, ==, two);
}

static void test_names_and_shapes(void)
{
	Plimsoll__Envelope envelope = PLIMSOLL__ENVELOPE__INIT;
	Plimsoll__File file = PLIMSOLL__FILE__INIT;
	uint8_t digest[2] = {0x0a, 0xff};
	PLIMSOLL_AUTO(json) *value = NULL;
	PLIMSOLL_AUTO(json) *role = NULL;
	g_autofree char *text = NULL;
	g_autofree char *role_text = NULL;

	WIRE_SET(&envelope, facts_sha256, ((ProtobufCBinaryData){2, digest}));
	WIRE_SET(&envelope, taken_at, 0);
	value = facts_json_from_message(&envelope.base);
	text = json_text(value, false);
	g_assert_cmpstr(text, ==, "{\"taken_at\":0,\"facts_sha256\":\"0aff\"}");
	WIRE_SET(&file, role, PLIMSOLL__FILE__ROLE__DOCKER_SERVICE_DROPIN);
	WIRE_SET(&file, type, (Plimsoll__File__Type)99); /* of a newer agent */
	role = facts_json_from_message(&file.base);
	role_text = json_text(role, false);
	g_assert_cmpstr(role_text, ==, "{\"role\":\"docker_service_dropin\",\"type\":99}");
}

static void test_refusals_name_the_path(void)
{
	static const struct {
		const char *facts, *error;
	} cases[] = {
		{"[]", "facts: expected an object"},
		{"{\"container\":[{},{},{},{\"memory\":\"1\"}]}",
		 "facts.container[3].memory: expected an integer in range"},
		{"{\"container\":{}}", "facts.container: expected a list"},
		{"{\"container\":[null]}", "facts.container[0]: expected an object"},
		{"{\"container\":[{\"privileged\":1}]}",
		 "facts.container[0].privileged: expected true or false"},
		{"{\"container\":[{\"cap_add\":[\"a\",7]}]}",
		 "facts.container[0].cap_add[1]: expected a string without NUL, of bounded length"},
		{"{\"snapshot\":{\"hostname\":\"a\\u0000b\"}}",
		 "facts.snapshot.hostname: expected a string without NUL, of bounded length"},
		{"{\"snapshot\":{\"hostnam\":\"a\"}}", "facts.snapshot.hostnam: no such field"},
		{"{\"snapshot\":{\"hostname\":null}}",
		 "facts.snapshot.hostname: expected a string without NUL, of bounded length"},
		{"{\"file\":[{\"role\":\"CONFIG_DIR\"}]}",
		 "facts.file[0].role: expected one of the known names"},
		{"{\"file\":[{\"role\":2147483648}]}",
		 "facts.file[0].role: expected one of the known names"},
		{"{\"container\":[{\"memory\":1.5}]}",
		 "facts.container[0].memory: expected an integer in range"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(
			"{\"plimsoll_facts\":1,\"envelope\":{},\"facts\":%s,\"observed\":{}}",
			cases[i].facts);
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i].facts);
		g_assert_null(facts_json_read(text, strlen(text), &error));
		g_assert_error(error, JSON_ERROR, 0);
		g_assert_cmpstr(error->message, ==, cases[i].error);
	}
}

static void test_other_documents_are_refused(void)
{
	static const struct {
		const char *name, *text, *error;
	} cases[] = {
		{"not JSON", "facts", "line 1 column 2: invalid syntax"},
		{"other JSON", "{}", "not a saved collection: no \"plimsoll_facts\" at its top"},
		{"a list", "[1]", "not a saved collection: no \"plimsoll_facts\" at its top"},
		{"newer version",
		 "{\"plimsoll_facts\":2,\"envelope\":{},\"facts\":{},\"observed\":{}}",
		 "a saved collection of another version than 1, or with unknown parts"},
		{"unknown part",
		 "{\"plimsoll_facts\":1,\"envelope\":{},\"facts\":{},\"observed\":{},\"x\":1}",
		 "a saved collection of another version than 1, or with unknown parts"},
		{"missing part", "{\"plimsoll_facts\":1,\"envelope\":{},\"facts\":{},\"x\":{}}",
		 "observed: expected an object"},
		{"bytes that are none",
		 "{\"plimsoll_facts\":1,\"envelope\":{\"facts_sha256\":\"0AFF\"},\"facts\":{},"
		 "\"observed\":{}}",
		 "envelope.facts_sha256: expected bytes in lower-case hex"},
		{"a number out of range",
		 "{\"plimsoll_facts\":1,\"envelope\":{\"schema\":4294967296},\"facts\":{},"
		 "\"observed\":{}}",
		 "envelope.schema: expected an integer in range"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", cases[i].name);
		g_assert_null(facts_json_read(cases[i].text, strlen(cases[i].text), &error));
		g_assert_nonnull(error);
		g_assert_cmpstr(error->message, ==, cases[i].error);
	}
}

/* Six characters of JSON become a container of several hundred bytes of memory. */
static void test_amplification_is_refused(void)
{
	g_autoptr(GString) text =
		g_string_new("{\"plimsoll_facts\":1,\"envelope\":{},\"facts\":{\"container\":[{}");
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < 200000; i++)
		g_string_append(text, ",{}");
	g_string_append(text, "]},\"observed\":{}}");
	g_assert_null(facts_json_read(text->str, text->len, &error));
	g_assert_nonnull(strstr(error->message, "more than is accepted in one document"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/facts-json/every-field-survives-the-round-trip",
			test_every_field_survives_the_round_trip);
	g_test_add_func("/facts-json/the-wire-and-json-tell-the-same",
			test_the_wire_and_json_tell_the_same);
	g_test_add_func("/facts-json/names-and-shapes", test_names_and_shapes);
	g_test_add_func("/facts-json/refusals-name-the-path", test_refusals_name_the_path);
	g_test_add_func("/facts-json/other-documents-are-refused",
			test_other_documents_are_refused);
	g_test_add_func("/facts-json/amplification-is-refused", test_amplification_is_refused);
	return g_test_run();
}

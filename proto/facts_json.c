/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts as JSON and back, for `--save-facts` and `--facts`: two walks over protobuf-c's
 * descriptors, one per direction, so that a new field of the schema needs no code here. Reading is
 * strict; an error names the path of the value, innermost part first added.
 */
#include "proto/facts_json.h"

#include <string.h>

#include "proto/limits.h"

enum { DOCUMENT_VERSION = 1, DOCUMENT_MEMBERS = 4 };

/* A member of a message: where it stands, and for repeated ones the n-th element. */
static const void *member_at(const ProtobufCMessage *message, size_t offset)
{
	return (const uint8_t *)message + offset;
}

static void *member_of(ProtobufCMessage *message, size_t offset)
{
	return (uint8_t *)message + offset;
}

static size_t element_size(const ProtobufCFieldDescriptor *field)
{
	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return sizeof(protobuf_c_boolean);
	case PROTOBUF_C_TYPE_ENUM:
		return sizeof(int);
	case PROTOBUF_C_TYPE_UINT32:
		return sizeof(uint32_t);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return sizeof(int64_t);
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(char *);
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
		return sizeof(ProtobufCMessage *);
	default:
		g_error("%s: a type that the schema does not use", field->name);
	}
}

/* ---------------------------------------------------------------- to JSON */

static struct json *json_from_enum(const ProtobufCFieldDescriptor *field, int number)
{
	const ProtobufCEnumValue *value =
		protobuf_c_enum_descriptor_get_value(field->descriptor, number);
	g_autofree char *name = NULL;

	if (value == NULL) /* of a newer agent */
		return json_new_integer(number);
	name = g_ascii_strdown(value->name, -1);
	return json_new_string(name);
}

static struct json *json_from_element(const ProtobufCFieldDescriptor *field, const void *element)
{
	const ProtobufCBinaryData *bytes = element;
	g_autofree char *hex = NULL;

	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return json_new_boolean(*(const protobuf_c_boolean *)element != 0);
	case PROTOBUF_C_TYPE_ENUM:
		return json_from_enum(field, *(const int *)element);
	case PROTOBUF_C_TYPE_UINT32:
		return json_new_integer(*(const uint32_t *)element);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64: /* above INT64_MAX: negative, and read back as the same bits */
		return json_new_integer(*(const int64_t *)element);
	case PROTOBUF_C_TYPE_STRING:
		return json_new_string(*(char *const *)element);
	case PROTOBUF_C_TYPE_BYTES:
		hex = wire_hex(bytes->data, bytes->len);
		return json_new_string(hex);
	case PROTOBUF_C_TYPE_MESSAGE:
		return facts_json_from_message(*(ProtobufCMessage *const *)element);
	default:
		g_error("%s: a type that the schema does not use", field->name);
	}
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const void *member = member_at(message, field->offset);
	const void *quantifier = member_at(message, field->quantifier_offset);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)quantifier > 0;
	if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(const void *const *)member != NULL;
	return *(const protobuf_c_boolean *)quantifier != 0;
}

static struct json *json_from_list(const ProtobufCMessage *message,
				   const ProtobufCFieldDescriptor *field)
{
	const uint8_t *elements = *(const uint8_t *const *)member_at(message, field->offset);
	size_t n = *(const size_t *)member_at(message, field->quantifier_offset);
	struct json *list = json_array_new();

	for (size_t i = 0; i < n; i++)
		json_append(list, json_from_element(field, elements + i * element_size(field)));
	return list;
}

struct json *facts_json_from_message(const ProtobufCMessage *message)
{
	struct json *object = json_object_new();

	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (!is_present(message, field))
			continue;
		json_set(object, field->name,
			 field->label == PROTOBUF_C_LABEL_REPEATED
				 ? json_from_list(message, field)
				 : json_from_element(field, member_at(message, field->offset)));
	}
	return object;
}

/* ---------------------------------------------------------------- from JSON */

static bool expected(const char *what, GError **error)
{
	g_set_error(error, JSON_ERROR, 0, ": expected %s", what);
	return false;
}

static void *allocate(struct arena *arena, size_t size, GError **error)
{
	void *memory = arena_alloc(arena, size);

	if (memory == NULL)
		g_set_error(error, JSON_ERROR, 0, ": more than is accepted in one document");
	return memory;
}

static bool read_enum(const ProtobufCFieldDescriptor *field, const struct json *value,
		      int *ret_number, GError **error)
{
	const ProtobufCEnumDescriptor *names = field->descriptor;
	const char *text = json_as_string(value, NULL);
	int64_t number = 0;

	for (unsigned i = 0; text != NULL && i < names->n_values; i++) {
		g_autofree char *name = g_ascii_strdown(names->values[i].name, -1);
		if (strcmp(name, text) == 0) {
			*ret_number = names->values[i].value;
			return true;
		}
	}
	if (json_is(value, JSON_KIND_INTEGER) && json_as_integer(value, &number) &&
	    number >= INT32_MIN && number <= INT32_MAX) { /* of a newer agent */
		*ret_number = (int)number;
		return true;
	}
	return expected("one of the known names", error);
}

static bool read_string(const struct json *value, struct arena *arena, char **ret_text,
			GError **error)
{
	size_t size = 0;
	const char *text = json_as_string(value, &size);
	char *copy = NULL;

	if (text == NULL || strlen(text) != size || size > LIMIT_STRING_BYTES)
		return expected("a string without NUL, of bounded length", error);
	copy = allocate(arena, size + 1, error);
	if (copy == NULL)
		return false;
	memcpy(copy, text, size);
	*ret_text = copy;
	return true;
}

static bool read_bytes(const struct json *value, struct arena *arena,
		       ProtobufCBinaryData *ret_bytes, GError **error)
{
	size_t size = 0;
	const char *text = json_as_string(value, &size);
	uint8_t *data = NULL;

	if (text == NULL || size % 2 != 0 || strspn(text, "0123456789abcdef") != size)
		return expected("bytes in lower-case hex", error);
	data = allocate(arena, size / 2, error);
	if (data == NULL)
		return false;
	for (size_t i = 0; i < size / 2; i++)
		data[i] = (uint8_t)(g_ascii_xdigit_value(text[2 * i]) << 4 |
				    g_ascii_xdigit_value(text[2 * i + 1]));
	*ret_bytes = (ProtobufCBinaryData){.len = size / 2, .data = data};
	return true;
}

static bool read_boolean(const struct json *value, protobuf_c_boolean *ret_value, GError **error)
{
	bool truth = false;

	if (!json_as_boolean(value, &truth))
		return expected("true or false", error);
	*ret_value = truth;
	return true;
}

static bool read_integer(const struct json *value, int64_t min, int64_t max, int64_t *ret_value,
			 GError **error)
{
	int64_t number = 0;

	if (!json_as_integer(value, &number) || number < min || number > max)
		return expected("an integer in range", error);
	*ret_value = number;
	return true;
}

static bool read_element(const ProtobufCFieldDescriptor *field, const struct json *value,
			 struct arena *arena, void *element, GError **error)
{
	int64_t number = 0;

	switch ((int)field->type) {
	case PROTOBUF_C_TYPE_BOOL:
		return read_boolean(value, element, error);
	case PROTOBUF_C_TYPE_ENUM:
		return read_enum(field, value, element, error);
	case PROTOBUF_C_TYPE_UINT32:
		if (!read_integer(value, 0, UINT32_MAX, &number, error))
			return false;
		*(uint32_t *)element = (uint32_t)number;
		return true;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
		return read_integer(value, INT64_MIN, INT64_MAX, element, error);
	case PROTOBUF_C_TYPE_STRING:
		return read_string(value, arena, element, error);
	case PROTOBUF_C_TYPE_BYTES:
		return read_bytes(value, arena, element, error);
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)element =
			facts_json_to_message(field->descriptor, value, arena, error);
		return *(ProtobufCMessage **)element != NULL;
	default:
		g_error("%s: a type that the schema does not use", field->name);
	}
}

static bool read_list(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		      const struct json *value, struct arena *arena, GError **error)
{
	size_t n = json_length(value), size = element_size(field);
	uint8_t *elements = NULL;

	if (!json_is(value, JSON_KIND_ARRAY))
		return expected("a list", error);
	elements = allocate(arena, n * size, error);
	if (elements == NULL)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!read_element(field, json_at(value, i), arena, elements + i * size, error)) {
			g_prefix_error(error, "[%zu]", i);
			return false;
		}
	}
	*(uint8_t **)member_of(message, field->offset) = elements;
	*(size_t *)member_of(message, field->quantifier_offset) = n;
	return true;
}

static bool read_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
		       const struct json *value, struct arena *arena, GError **error)
{
	void *member = member_of(message, field->offset);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(message, field, value, arena, error);
	if (!read_element(field, value, arena, member, error))
		return false;
	if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
		*(protobuf_c_boolean *)member_of(message, field->quantifier_offset) = true;
	return true;
}

struct object_reader {
	ProtobufCMessage *message;
	struct arena *arena;
	GError *error; /* the first one */
};

static void read_member(const char *key, const struct json *value, void *data)
{
	struct object_reader *reader = data;
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(reader->message->descriptor, key);

	if (reader->error != NULL)
		return;
	if (field == NULL)
		g_set_error(&reader->error, JSON_ERROR, 0, ": no such field");
	else if (read_field(reader->message, field, value, reader->arena, &reader->error))
		return;
	g_prefix_error(&reader->error, ".%s", key);
}

ProtobufCMessage *facts_json_to_message(const ProtobufCMessageDescriptor *descriptor,
					const struct json *value, struct arena *arena,
					GError **error)
{
	struct object_reader reader = {.arena = arena};

	if (!json_is(value, JSON_KIND_OBJECT)) {
		expected("an object", error);
		return NULL;
	}
	reader.message = allocate(arena, descriptor->sizeof_message, error);
	if (reader.message == NULL)
		return NULL;
	protobuf_c_message_init(descriptor, reader.message);
	json_each(value, read_member, &reader);
	if (reader.error != NULL) {
		g_propagate_error(error, reader.error);
		return NULL;
	}
	return reader.message;
}

/* ---------------------------------------------------------------- the document */

char *facts_json_write(const struct collection *collection)
{
	PLIMSOLL_AUTO(json) *document = json_object_new();

	json_set(document, "plimsoll_facts", json_new_integer(DOCUMENT_VERSION));
	json_set(document, "envelope", facts_json_from_message(&collection->envelope->base));
	json_set(document, "facts", facts_json_from_message(&collection->facts->base));
	json_set(document, "observed", facts_json_from_message(&collection->observed->base));
	return json_text(document, true);
}

static bool check_document(const struct json *document, GError **error)
{
	int64_t version = 0;

	if (!json_as_integer(json_get(document, "plimsoll_facts"), &version)) {
		g_set_error(error, JSON_ERROR, 0,
			    "not a saved collection: no \"plimsoll_facts\" at its top");
		return false;
	}
	if (version != DOCUMENT_VERSION || json_length(document) != DOCUMENT_MEMBERS) {
		g_set_error(error, JSON_ERROR, 0,
			    "a saved collection of another version than %d, or with unknown parts",
			    DOCUMENT_VERSION);
		return false;
	}
	return true;
}

static void *read_part(const struct json *document, const char *name,
		       const ProtobufCMessageDescriptor *descriptor, struct arena *arena,
		       GError **error)
{
	void *message = facts_json_to_message(descriptor, json_get(document, name), arena, error);

	if (message == NULL)
		g_prefix_error(error, "%s", name);
	return message;
}

struct collection *facts_json_read(const char *text, size_t size, GError **error)
{
	PLIMSOLL_AUTO(collection) *collection = g_new0(struct collection, 1);
	PLIMSOLL_AUTO(json) *document = json_parse(text, size, NULL, error);

	if (document == NULL || !check_document(document, error))
		return NULL;
	collection->arena = arena_new(LIMIT_UNPACK_ARENA_BYTES);
	collection->envelope = read_part(document, "envelope", &plimsoll__envelope__descriptor,
					 collection->arena, error);
	if (collection->envelope == NULL)
		return NULL;
	collection->facts = read_part(document, "facts", &plimsoll__facts__descriptor,
				      collection->arena, error);
	if (collection->facts == NULL)
		return NULL;
	collection->observed = read_part(document, "observed", &plimsoll__observed__descriptor,
					 collection->arena, error);
	return collection->observed == NULL ? NULL : g_steal_pointer(&collection);
}

void collection_free(struct collection *collection)
{
	if (collection == NULL)
		return;
	arena_free(collection->arena);
	g_free(collection);
}

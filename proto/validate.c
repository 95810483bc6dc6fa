/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 4 of the flow, first look at foreign bytes. The walk follows the wire format itself, because
 * protobuf-c's strings have lost their length (and with it a NUL inside) once unpacked, and because
 * an empty sub-message of two bytes becomes hundreds of bytes of memory. Depth is bounded by the
 * schema, which is not recursive.
 */
#include "proto/validate.h"

#include "proto/limits.h"
#include "proto/wire.h"

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_BYTES = 2, WIRE_32BIT = 5 };
enum { MOST_FIELDS = 128, LONGEST_VARINT = 10 };

struct reader {
	const uint8_t *at, *end;
	size_t *messages_left;
};

struct tag {
	uint32_t id;
	uint8_t wire;
};

static bool walk(const ProtobufCMessageDescriptor *descriptor, struct reader reader,
		 GError **error);

bool validate_wire(const ProtobufCMessageDescriptor *descriptor, const uint8_t *data, size_t size,
		   size_t max_messages, GError **error)
{
	size_t messages_left = max_messages;
	struct reader reader = {data, data + size, &messages_left};

	return walk(descriptor, reader, error);
}

static bool refuse(enum wire_error code, const ProtobufCMessageDescriptor *descriptor,
		   const ProtobufCFieldDescriptor *field, const char *what, GError **error)
{
	g_set_error(error, WIRE_ERROR, (int)code, "%s%s%s: %s", descriptor->short_name,
		    field == NULL ? "" : ".", field == NULL ? "" : field->name, what);
	return false;
}

static bool read_varint(struct reader *reader, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < LONGEST_VARINT && reader->at < reader->end; i++) {
		uint8_t byte = *reader->at++;
		if (i == LONGEST_VARINT - 1 && byte > 1)
			return false;
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte < 0x80) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool read_tag(struct reader *reader, struct tag *ret_tag)
{
	uint64_t value = 0;

	if (!read_varint(reader, &value) || value > UINT32_MAX || value >> 3 == 0)
		return false;
	*ret_tag = (struct tag){(uint32_t)(value >> 3), (uint8_t)(value & 7)};
	return true;
}

/* Steps over one value; ret_payload is what a length-delimited one holds. Groups are refused. */
static bool read_value(struct reader *reader, uint8_t wire, struct reader *ret_payload)
{
	size_t left = 0;
	uint64_t number = 0;

	*ret_payload = *reader;
	if (wire == WIRE_VARINT)
		return read_varint(reader, &number);
	if (wire == WIRE_BYTES && !read_varint(reader, &number))
		return false;
	if (wire == WIRE_64BIT)
		number = 8;
	else if (wire == WIRE_32BIT)
		number = 4;
	else if (wire != WIRE_BYTES)
		return false;
	left = (size_t)(reader->end - reader->at);
	if (number > left)
		return false;
	ret_payload->at = reader->at;
	reader->at += number;
	ret_payload->end = reader->at;
	return true;
}

static uint8_t wire_type_of(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
	case PROTOBUF_C_TYPE_BYTES:
	case PROTOBUF_C_TYPE_MESSAGE:
		return WIRE_BYTES;
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_FIXED32:
	case PROTOBUF_C_TYPE_FLOAT:
		return WIRE_32BIT;
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return WIRE_64BIT;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_BOOL:
	case PROTOBUF_C_TYPE_ENUM:
		return WIRE_VARINT;
	}
	g_assert_not_reached();
}

static bool check_text(const ProtobufCMessageDescriptor *descriptor,
		       const ProtobufCFieldDescriptor *field, const struct reader *payload,
		       GError **error)
{
	size_t size = (size_t)(payload->end - payload->at);

	if (size > LIMIT_STRING_BYTES)
		return refuse(WIRE_ERROR_SIZE, descriptor, field, "text too long", error);
	/* with a length given, a NUL counts as invalid */
	if (!g_utf8_validate_len((const char *)payload->at, size, NULL))
		return refuse(WIRE_ERROR_TEXT, descriptor, field, "not UTF-8, or with a NUL inside",
			      error);
	return true;
}

/* protobuf-c would merge or replace; no agent of ours ever writes such a thing. */
static bool is_first(const ProtobufCMessageDescriptor *descriptor,
		     const ProtobufCFieldDescriptor *field, uint64_t seen[static MOST_FIELDS / 64])
{
	size_t index = (size_t)(field - descriptor->fields);
	uint64_t bit = (uint64_t)1 << (index % 64);
	bool first = (seen[index / 64] & bit) == 0;

	seen[index / 64] |= bit;
	return first || field->label == PROTOBUF_C_LABEL_REPEATED;
}

static bool check_known(const ProtobufCMessageDescriptor *descriptor,
			const ProtobufCFieldDescriptor *field, uint8_t wire,
			const struct reader *payload, GError **error)
{
	if (wire != wire_type_of(field))
		return refuse(WIRE_ERROR_MALFORMED, descriptor, field, "wrong wire type", error);
	if (field->label == PROTOBUF_C_LABEL_REPEATED || field->type == PROTOBUF_C_TYPE_MESSAGE) {
		if (*payload->messages_left == 0)
			return refuse(WIRE_ERROR_SIZE, descriptor, field, "too many members",
				      error);
		(*payload->messages_left)--;
	}
	if (field->type == PROTOBUF_C_TYPE_STRING)
		return check_text(descriptor, field, payload, error);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return walk(field->descriptor, *payload, error);
	return true;
}

static bool walk(const ProtobufCMessageDescriptor *descriptor, struct reader reader, GError **error)
{
	uint64_t seen[MOST_FIELDS / 64] = {0};

	g_assert(descriptor->n_fields <= MOST_FIELDS);
	while (reader.at < reader.end) {
		const ProtobufCFieldDescriptor *field = NULL;
		struct reader payload = reader;
		struct tag tag = {0};

		if (!read_tag(&reader, &tag))
			return refuse(WIRE_ERROR_MALFORMED, descriptor, NULL, "broken tag", error);
		field = protobuf_c_message_descriptor_get_field(descriptor, tag.id);
		if (!read_value(&reader, tag.wire, &payload))
			return refuse(WIRE_ERROR_MALFORMED, descriptor, field, "broken value",
				      error);
		if (field == NULL)
			continue;
		if (!is_first(descriptor, field, seen))
			return refuse(WIRE_ERROR_MALFORMED, descriptor, field, "occurs twice",
				      error);
		if (!check_known(descriptor, field, tag.wire, &payload, error))
			return false;
	}
	return true;
}

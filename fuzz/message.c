/*
 * A message between processes, from a peer that was taken over: the reader stays within it, a bad
 * one gives zeros and empty texts, and what was read and is written again is the same bytes.
 */
#include "must.h"

#include "base/text.h"
#include "io/message.h"

static char memory[2 * MESSAGE_MAX];

/* The first byte of the input says which fields are read: a bit for each, number or text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0 || size > MESSAGE_MAX)
		return 0;

	const struct pk_str input = {(const char *)data + 1, size - 1};
	struct message_reader reader = message_reader(input);
	struct pk_buf out = pk_buf(memory, sizeof(memory));

	for (int i = 0; i < 8; i++) {
		if (data[0] >> i & 1) {
			const uint64_t number = message_number(&reader);

			must(!reader.bad || number == 0);
			message_put_number(&out, number);
		} else {
			const struct pk_str text = message_str(&reader, 300);

			must(text.len <= 300);
			must(!reader.bad || text.len == 0);
			must(!text.len || (text.ptr >= input.ptr &&
					   text.ptr + text.len <= input.ptr + input.len));
			message_put_str(&out, text);
		}
	}
	must(!out.overflow);
	if (message_done(&reader)) {
		must(!reader.bad);
		must(pk_str_equal(pk_buf_str(&out), input));
	}
	return 0;
}

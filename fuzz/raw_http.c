/*
 * HTTP messages as text. Reading one takes at least a line of the text and never gives back what it
 * took; its body lies within what was given or was made of chunks in it.
 */
#include "captured.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char memory[PK_ARENA_CAPTURE];
	const struct pk_str text = {(const char *)data, size};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_why why = {0};
	struct making making = {.arena = &arena, .text = text, .why = &why};
	struct pk_str rest = text;

	must_read(text);
	while (rest.len && raw_starts(rest)) {
		const size_t left = rest.len;

		if (raw_read(&making, &rest) != PK_OK) {
			must(why.detail[0]);
			return 0;
		}
		must(rest.len < left);
		must(rest.ptr + rest.len == text.ptr + text.len);
	}
	for (size_t i = 0; i < making.count; i++) {
		must_be_message(&making.event[i].request);
		must_be_message(&making.event[i].reply);
		must(making.event[i].request.body.len <= text.len);
		must(making.event[i].reply.body.len <= text.len);
	}
	return 0;
}

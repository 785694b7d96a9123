/*
 * Any text that somebody gives to explain: a capture, or what is told by its content. What is read
 * is in order and within its bounds; reading it as a part that is added does no harm either.
 */
#include "captured.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char memory[1 << 20];
	const struct pk_str text = {(const char *)data, size};
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct pk_capture capture = {.stored_expires_at = PK_TIME_UNKNOWN};
	struct pk_why why = {0};

	must_read(text);
	for (int kind = PK_EVENT_AUTHORIZE; kind <= PK_EVENT_OTHER; kind++) {
		const size_t before = capture.count;
		const enum pk_err err =
			pk_capture_add(&arena, &capture, (enum pk_event_kind)kind, text, &why);

		must(capture.count == before + (err == PK_OK));
		must(err == PK_OK || (why.err == err && why.detail[0]));
	}
	must_be_capture(&capture);
	return 0;
}

/*
 * A HAR: the input is one of its entries, or several, and a whole file where it begins as one. What
 * is walked over and what is parsed must be the same: an entry that the parser takes alone is taken
 * in a file.
 */
#include "captured.h"

static void try_entry(struct pk_str entry)
{
	static const char start[] = "{\"log\":{\"entries\":[", end[] = "]}}";
	static char memory[1 << 20];
	struct pk_buf file = pk_buf(memory, sizeof(memory));

	pk_buf_put(&file, pk_str(start));
	pk_buf_put(&file, entry);
	pk_buf_put(&file, pk_str(end));
	if (file.overflow)
		return;

	json_t *whole = json_loadb(file.ptr, file.len, JSON_ALLOW_NUL, NULL);
	struct making making = {.text = pk_buf_str(&file)};
	static unsigned char room[PK_ARENA_CAPTURE];
	struct pk_arena arena = pk_arena(room, sizeof(room));
	struct pk_why why = {0};

	making.arena = &arena;
	making.why = &why;

	const enum pk_err err = har_read(&making);

	/* JSON is not refused as broken; what its members are is another matter. */
	must(err == PK_OK || !whole || !why.line);
	must(err == PK_OK || (why.err == err && why.detail[0]));
	json_decref(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct pk_str text = {(const char *)data, size};

	try_entry(text);
	must_read(text);
	return 0;
}

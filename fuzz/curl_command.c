/*
 * Command lines: the first byte chooses the shell. Splitting ends, takes from the text with each
 * word, and gives words that lie in the arena; curl's reader takes what comes.
 */
#include "captured.h"

#include "explain/shell_words.h"

static void try_words(enum shell shell, struct pk_str text)
{
	static unsigned char memory[PK_ARENA_CAPTURE];
	struct pk_arena arena = pk_arena(memory, sizeof(memory));
	struct shell_words words = {.arena = &arena, .shell = shell, .rest = text};
	struct pk_str word;
	size_t left = text.len;
	enum shell_token token;

	do {
		token = shell_next(&words, &word);
		must(words.rest.len <= left);
		left = words.rest.len;
		if (token == SHELL_WORD)
			must(word.ptr >= (char *)memory &&
			     word.ptr + word.len <= (char *)memory + arena.used);
		if (token == SHELL_BROKEN)
			must(words.problem != NULL);
	} while (token == SHELL_WORD || token == SHELL_NEXT || (token == SHELL_LINE && left));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char memory[1 << 16];
	struct pk_buf command = pk_buf(memory, sizeof(memory));

	if (size == 0)
		return 0;

	const struct pk_str text = {(const char *)data + 1, size - 1};

	try_words((enum shell)(data[0] % 3), text);
	pk_buf_put(&command, PK_STR("curl https://p.example/token "));
	pk_buf_put(&command, text);
	must_read(pk_buf_str(&command));
	return 0;
}

/* Runs a fuzz target over the files of its corpus: replay DIRECTORY. Prints TAP. The target aborts
 * where something does not hold, and the file it is at was printed before. */
#include "must.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static int is_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool replay(const char *directory, const char *file)
{
	static uint8_t data[1 << 20];
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", directory, file);

	FILE *in = fopen(path, "rb");

	if (!in)
		return false;

	const size_t size = fread(data, 1, sizeof(data), in);
	const bool whole = !ferror(in) && feof(in);

	fclose(in);
	if (whole)
		LLVMFuzzerTestOneInput(data, size);
	return whole;
}

int main(int argc, char **argv)
{
	struct dirent **entries;
	const int count = argc == 2 ? scandir(argv[1], &entries, is_file, alphasort) : -1;
	bool all = count > 0;

	if (count < 0) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		return 2;
	}
	printf("1..%d\n", count);
	for (int i = 0; i < count; i++) {
		printf("# %s\n", entries[i]->d_name);
		fflush(stdout);

		const bool done = replay(argv[1], entries[i]->d_name);

		printf("%s %d - %s\n", done ? "ok" : "not ok", i + 1, entries[i]->d_name);
		all = all && done;
		free(entries[i]);
	}
	free(entries);
	return all ? 0 : 1;
}

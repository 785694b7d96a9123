/* Log lines. Each is one write(), so that lines of several processes do not mix. */
#include "gateway/log.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A line of eight long values still fits, and into a pipe at once. */
#define LINE_MAX_BYTES 4096
#define VALUE_MAX_BYTES 400

static const char *process = "gateway";
static enum log_level threshold = LOG_LEVEL_INFO;

void log_threshold(enum log_level level)
{
	threshold = level;
}

enum log_level log_level_named(struct pk_str name)
{
	static const char *const names[LOG_LEVELS] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARN] = "warn",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};
	int level = 0;

	while (level < LOG_LEVELS && !pk_str_equal(name, pk_str(names[level])))
		level++;
	return (enum log_level)level;
}

void log_process(const char *name)
{
	process = name;
}

static void put_value(struct pk_buf *line, struct pk_str value)
{
	char tame[VALUE_MAX_BYTES];

	pk_text_tame(tame, sizeof(tame), value);

	const bool quote = strpbrk(tame, " =,;'") != NULL;

	if (quote)
		pk_buf_char(line, '"');
	pk_buf_put(line, pk_str(tame));
	if (quote)
		pk_buf_char(line, '"');
}

/* Whole or not at all: half a field would leave its quote open. */
static void put_field(struct pk_buf *line, const char *key, struct pk_str value)
{
	const struct pk_buf before = *line;

	if (line->len)
		pk_buf_char(line, ' ');
	pk_buf_put(line, pk_str(key));
	pk_buf_char(line, '=');
	put_value(line, value);
	if (line->overflow)
		*line = before;
}

static void put_time(struct pk_buf *line)
{
	char text[32];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);

	const size_t len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);

	(void)snprintf(text + len, sizeof(text) - len, ".%03ldZ", now.tv_nsec / 1000000);
	put_field(line, "time", pk_str(text));
}

void log_event(const char *level, const char *event, const struct log_field *fields, size_t count)
{
	char memory[LINE_MAX_BYTES];
	struct pk_buf line = pk_buf(memory, sizeof(memory) - 1);

	if (log_level_named(pk_str(level)) > threshold)
		return;
	put_time(&line);
	put_field(&line, "level", pk_str(level));
	put_field(&line, "process", pk_str(process));
	put_field(&line, "event", pk_str(event));
	for (size_t i = 0; i < count; i++)
		if (fields[i].value.len)
			put_field(&line, fields[i].key, fields[i].value);
	memory[line.len] = '\n';
	/* There is nobody to tell that the log is gone. */
	if (write(STDERR_FILENO, memory, line.len + 1) < 0)
		return;
}

void log_text(const char *level, const char *event, const char *format, ...)
{
	char text[VALUE_MAX_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_event(level, event, &(struct log_field){"text", pk_str(text)}, 1);
}

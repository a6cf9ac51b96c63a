/*
 * Console files: the built page of csms/console, read into memory once at start. A path is looked
 * up by its exact name among the files that were read, so no path leads out of the folder, and
 * serving touches no disk. Texts are compressed once.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uthash.h>
#include <zlib.h>

#include "csms/api/ask.h"
#include "csms/log.h"
#include "csms/net/http_head.h"
#include "csms/secret.h"

#define FILES_MAX  1000
#define FILE_BYTES (8u << 20)
#define DEPTH_MAX  6
#define PATH_BYTES 300

struct file {
	char path[PATH_BYTES]; /* "/assets/app.js" */
	const char *content_type;
	char etag[20];
	char *data, *packed; /* packed: gzip, NULL when that does not pay */
	size_t len, packed_len;
	UT_hash_handle hh;
};

struct console {
	struct file *files;
};

/* Extension, content type, worth compressing. */
static const struct kind {
	const char *ext, *content_type;
	bool is_text;
} kinds[] = {
	{".html", "text/html; charset=utf-8", true},
	{".js", "text/javascript; charset=utf-8", true},
	{".mjs", "text/javascript; charset=utf-8", true},
	{".css", "text/css; charset=utf-8", true},
	{".json", "application/json", true},
	{".map", "application/json", true},
	{".webmanifest", "application/manifest+json", true},
	{".txt", "text/plain; charset=utf-8", true},
	{".svg", "image/svg+xml", true},
	{".png", "image/png", false},
	{".ico", "image/x-icon", false},
	{".webp", "image/webp", false},
	{".woff2", "font/woff2", false},
};

static const struct kind *kind_of(const char *path)
{
	static const struct kind other = {"", "application/octet-stream", false};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(dot, kinds[i].ext) == 0)
			return &kinds[i];
	return &other;
}

/* -- reading --------------------------------------------------------------------------------- */

static void file_free(struct file *f)
{
	free(f->data);
	free(f->packed);
	free(f);
}

/* Compresses into f->packed; leaves NULL when it fails or saves nothing. */
static void file_pack(struct file *f)
{
	z_stream z = {0};
	size_t room;

	if (f->len < 512 || deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return;
	room = deflateBound(&z, f->len);
	if ((f->packed = malloc(room)) != NULL) {
		z.next_in = (Bytef *)f->data;
		z.avail_in = (uInt)f->len;
		z.next_out = (Bytef *)f->packed;
		z.avail_out = (uInt)room;
		if (deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < f->len) {
			f->packed_len = z.total_out;
		} else {
			free(f->packed);
			f->packed = NULL;
		}
	}
	deflateEnd(&z);
}

static bool read_whole(int fd, char *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, data + done, len - done);
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static void file_add(struct console *c, int dir, const char *name, const char *path)
{
	struct stat st;
	struct file *f = NULL;
	char digest[65];
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_BYTES ||
		HASH_COUNT(c->files) >= FILES_MAX || (f = calloc(1, sizeof(*f))) == NULL)
		goto out;
	f->len = (size_t)st.st_size;
	if ((f->data = malloc(f->len + 1)) == NULL || !read_whole(fd, f->data, f->len))
		goto out;
	snprintf(f->path, sizeof(f->path), "%s", path);
	secret_digest(f->data, f->len, digest);
	snprintf(f->etag, sizeof(f->etag), "\"%.16s\"", digest);
	f->content_type = kind_of(path)->content_type;
	if (kind_of(path)->is_text)
		file_pack(f);
	HASH_ADD_STR(c->files, path, f);
	f = NULL;
out:
	if (f != NULL)
		file_free(f);
	if (fd >= 0)
		close(fd);
}

/* Reads the folder open at `fd`, which it closes. Hidden files and links are left out. */
static void dir_add(struct console *c, int fd, const char *base, int depth)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		char path[PATH_BYTES];
		int n = snprintf(path, sizeof(path), "%s/%s", base, e->d_name);
		if (e->d_name[0] == '.' || n < 0 || n >= PATH_BYTES)
			continue;
		int sub = openat(dirfd(d), e->d_name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			file_add(c, dirfd(d), e->d_name, path);
		else if (depth < DEPTH_MAX)
			dir_add(c, sub, path, depth + 1);
		else
			close(sub);
	}
	closedir(d);
}

struct console *console_create(const char *dir)
{
	struct console *c = calloc(1, sizeof(*c));
	int fd = dir != NULL ? open(dir, O_DIRECTORY | O_RDONLY | O_CLOEXEC) : -1;

	if (c != NULL && fd >= 0)
		dir_add(c, fd, "", 0);
	else if (fd >= 0)
		close(fd);
	if (c != NULL && c->files == NULL && dir != NULL)
		log_warn("console: no files in %s; build them with: make console", dir);
	return c;
}

/* -- serving --------------------------------------------------------------------------------- */

static const struct file *file_find(const struct console *c, const char *path)
{
	struct file *f = NULL;

	HASH_FIND_STR(c->files, path, f);
	return f;
}

/* Pages of the console have paths of their own ("/plan"): whatever looks like no file is one. */
static const struct file *page_find(const struct console *c, const char *path)
{
	const struct file *f = file_find(c, path);
	const char *last = strrchr(path, '/');

	if (f == NULL && last != NULL && strchr(last, '.') == NULL && strchr(path, '%') == NULL &&
		!http_path_climbs(path))
		f = file_find(c, "/index.html");
	return f;
}

/* Built names that carry a digest ("app-3F2A91BC.js") never change their contents. */
static bool is_immutable(const char *path)
{
	const char *dash = strrchr(path, '-');
	size_t n = dash != NULL ? strspn(dash + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") : 0;

	return strncmp(path, "/assets/", 8) == 0 && n == 8 && dash[9] == '.';
}

static void reply_line(struct http_exchange *x, int status, const char *line)
{
	http_reply(x, status, "text/plain; charset=utf-8", line, strlen(line));
}

static void file_serve(const struct file *f, struct http_exchange *x, const struct http_request *r)
{
	const char *accepts = r->accept_encoding != NULL ? r->accept_encoding : "";
	bool packed = f->packed != NULL && strstr(accepts, "gzip") != NULL &&
		      strstr(accepts, "gzip;q=0") == NULL;

	http_header(x, "etag", f->etag);
	http_header(x, "vary", "accept-encoding");
	http_header(x, "cache-control",
		is_immutable(f->path) ? "public, max-age=31536000, immutable" : "no-cache");
	if (strstr(r->if_none_match, f->etag) != NULL) {
		http_reply(x, 304, f->content_type, "", 0);
		return;
	}
	if (packed)
		http_header(x, "content-encoding", "gzip");
	http_reply(x, 200, f->content_type, packed ? f->packed : f->data,
		packed ? f->packed_len : f->len);
}

void console_serve(const struct console *c, struct http_exchange *x, const struct http_request *r)
{
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
		http_header(x, "allow", "GET, HEAD");
		reply_line(x, 405, "Only GET here. The API is below /api/v1.\n");
		return;
	}
	const struct file *f = page_find(c, strcmp(r->path, "/") == 0 ? "/index.html" : r->path);
	if (f != NULL)
		file_serve(f, x, r);
	else if (c->files == NULL)
		reply_line(x, 404,
			"The console is not built: make console. The API is below "
			"/api/v1.\n");
	else
		reply_line(x, 404, "No such page.\n");
}

void console_destroy(struct console *c)
{
	struct file *f, *next;

	if (c == NULL)
		return;
	HASH_ITER (hh, c->files, f, next) {
		HASH_DEL(c->files, f);
		file_free(f);
	}
	free(c);
}

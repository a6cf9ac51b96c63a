#include "db/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "db/store.h"
#include "schemas/thread.h"

#define CACHE_KB     4096
#define JOBS_MAX     1000
#define PROGRESS_OPS 20000

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* -- one reader ------------------------------------------------------------------------------- */

static int is_late(void *arg)
{
	const struct db_reader *r = arg;
	return r->deadline_us && now_us() > r->deadline_us;
}

static int open_file(
	struct db_reader *r, struct sql *s, const char *dir, const char *name, char why[300])
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path) {
		snprintf(why, 300, "the name of the data folder is too long");
		return -1;
	}
	const struct sql_options o = {.read_only = true, .cache_kb = CACHE_KB};
	if (sql_open(s, path, &o, why) < 0)
		return -1;
	sqlite3_progress_handler(s->handle, PROGRESS_OPS, is_late, r);
	return 0;
}

int reader_open(struct db_reader *r, const char *dir, const char *depot, char why[300])
{
	memset(r, 0, sizeof *r);
	r->depot_id = depot;
	if (open_file(r, &r->depot, dir, "depot.db", why) == 0 &&
		open_file(r, &r->series, dir, "series.db", why) == 0 &&
		open_file(r, &r->wire, dir, "wire.db", why) == 0)
		return 0;
	reader_close(r);
	return -1;
}

void reader_close(struct db_reader *r)
{
	sql_close(&r->depot);
	sql_close(&r->series);
	sql_close(&r->wire);
}

int reader_run(
	struct db_reader *r, int max_ms, void (*work)(struct db_reader *r, void *arg), void *arg)
{
	struct sql *const files[] = {&r->depot, &r->series, &r->wire};
	r->error[0] = 0;
	r->deadline_us = max_ms ? now_us() + (int64_t)max_ms * 1000 : 0;
	int rc = 0;
	for (int i = 0; i < 3; i++)
		if (sql_exec(files[i], "BEGIN") < 0) {
			snprintf(r->error, sizeof r->error, "%s", files[i]->error);
			rc = -1;
		}
	work(r, arg);
	for (int i = 0; i < 3; i++)
		sql_rollback(files[i]);
	return rc;
}

/* -- pool ------------------------------------------------------------------------------------- */

struct reader_thread {
	struct reader_pool *pool;
	struct db_reader reader;
	pthread_t thread;
	bool running;
};

struct reader_pool {
	struct db *db;
	pthread_mutex_t lock; /* guards what follows up to `count` */
	pthread_cond_t work;
	struct read_job *head, *tail;
	int waiting;
	bool stop;
	int count;
	struct reader_thread *threads;
	pthread_mutex_t now_lock; /* holds the reader of reader_pool_now() */
	struct db_reader now;
};

static struct read_job *next_job(struct reader_pool *p)
{
	pthread_mutex_lock(&p->lock);
	while (!p->head && !p->stop)
		pthread_cond_wait(&p->work, &p->lock);
	struct read_job *job = p->stop ? NULL : p->head;
	if (job) {
		p->head = job->next;
		if (!p->head)
			p->tail = NULL;
		p->waiting--;
	}
	pthread_mutex_unlock(&p->lock);
	return job;
}

static void *run(void *arg)
{
	struct reader_thread *t = arg;
	struct read_job *job;
	thread_stand_back(THREAD_LATER);
	while ((job = next_job(t->pool)) != NULL) {
		reader_run(&t->reader, READER_MAX_MS, job->work, job->arg);
		store_read_done(t->pool->db, job);
	}
	return NULL;
}

static int start(struct reader_pool *p, struct reader_thread *t, char why[300])
{
	t->pool = p;
	if (reader_open(&t->reader, p->db->cfg.dir, p->db->cfg.depot, why) < 0)
		return -1;
	t->running = pthread_create(&t->thread, NULL, run, t) == 0;
	if (!t->running)
		snprintf(why, 300, "cannot start a thread for queries");
	return t->running ? 0 : -1;
}

struct reader_pool *reader_pool_create(struct db *db, int threads, char why[300])
{
	struct reader_pool *p = calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->db = db;
	pthread_mutex_init(&p->lock, NULL);
	pthread_mutex_init(&p->now_lock, NULL);
	pthread_cond_init(&p->work, NULL);
	p->threads = calloc((size_t)threads, sizeof *p->threads);
	if (!p->threads || reader_open(&p->now, db->cfg.dir, db->cfg.depot, why) < 0)
		goto fail;
	for (; p->count < threads; p->count++)
		if (start(p, &p->threads[p->count], why) < 0) {
			p->count++;
			goto fail;
		}
	return p;
fail:
	reader_pool_destroy(p);
	return NULL;
}

int reader_pool_add(struct reader_pool *p, struct read_job *job)
{
	pthread_mutex_lock(&p->lock);
	bool room = p->waiting < JOBS_MAX;
	if (room) {
		if (p->tail)
			p->tail->next = job;
		else
			p->head = job;
		p->tail = job;
		p->waiting++;
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return room ? 0 : -1;
}

int reader_pool_now(struct reader_pool *p, void (*work)(struct db_reader *r, void *arg), void *arg)
{
	pthread_mutex_lock(&p->now_lock);
	int rc = reader_run(&p->now, 0, work, arg);
	pthread_mutex_unlock(&p->now_lock);
	return rc;
}

void reader_pool_destroy(struct reader_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (int i = 0; i < p->count; i++) {
		if (p->threads[i].running)
			pthread_join(p->threads[i].thread, NULL);
		reader_close(&p->threads[i].reader);
	}
	for (struct read_job *job = p->head, *next; job; job = next) {
		next = job->next;
		free(job);
	}
	reader_close(&p->now);
	free(p->threads);
	pthread_mutex_destroy(&p->lock);
	pthread_mutex_destroy(&p->now_lock);
	pthread_cond_destroy(&p->work);
	free(p);
}

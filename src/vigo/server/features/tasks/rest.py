"""`/api/v1/tasks` and `/api/v1/queries`, and those of both that the stacks declare."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from vigo.server.features.tasks.models import (
    CreatedTask,
    DeclaredTasks,
    NewNamedTask,
    NewQuery,
    NewTask,
    Rerun,
    SavedQueries,
    TaskDetail,
    TaskList,
)
from vigo.server.features.tasks.service import TaskService
from vigo.server.platform.web.application import acting
from vigo.server.platform.web.following import LINES, as_lines
from vigo.server.platform.web.paging import Limit, number_cursor


def routes(service: TaskService) -> list[ControllerRouterHandler]:
    """Return the routes of tasks."""

    @post("/api/v1/tasks", summary="Run a command on envoys")
    async def create_task(request: Request[Any, Any, Any], data: JSONBody[NewTask]) -> CreatedTask:
        return await service.create(acting(request), data)

    @post("/api/v1/queries", summary="Ask envoys something; its answers are the output of the task that is made")
    async def create_query(request: Request[Any, Any, Any], data: JSONBody[NewQuery]) -> CreatedTask:
        return await service.query(acting(request), data)

    @get("/api/v1/tasks", summary="List tasks, the newest first")
    async def list_tasks(
        request: Request[Any, Any, Any], limit: Limit = 100, cursor: FromQuery[str | None] = None
    ) -> TaskList:
        return await service.list(acting(request), number_cursor(cursor), limit)

    @get("/api/v1/tasks/{task_id:str}", summary="Show a task with its state on every envoy")
    async def show_task(request: Request[Any, Any, Any], task_id: FromPath[str]) -> TaskDetail:
        return await service.show(acting(request), task_id)

    @get(
        "/api/v1/tasks/{task_id:str}/events",
        summary="Follow a task: a JSON object a line, until it has ended",
        media_type=LINES,
    )
    async def watch_task(request: Request[Any, Any, Any], task_id: FromPath[str]) -> Stream:
        return as_lines(await service.watch(acting(request), task_id))

    @post("/api/v1/tasks/{task_id:str}/cancel", summary="End a task wherever it runs", status_code=200)
    async def cancel_task(request: Request[Any, Any, Any], task_id: FromPath[str]) -> TaskDetail:
        return await service.cancel(acting(request), task_id)

    @post("/api/v1/tasks/{task_id:str}/rerun", summary="Run a task again, on all its envoys or where it failed")
    async def rerun_task(request: Request[Any, Any, Any], task_id: FromPath[str], data: JSONBody[Rerun]) -> CreatedTask:
        return await service.rerun(acting(request), task_id, failed=data.failed)

    return [create_task, create_query, list_tasks, show_task, watch_task, cancel_task, rerun_task, *_named(service)]


def _named(service: TaskService) -> list[ControllerRouterHandler]:
    @get("/api/v1/named-tasks", summary="List the tasks that the stacks declare", sync_to_thread=False)
    def list_named_tasks(request: Request[Any, Any, Any]) -> DeclaredTasks:
        return service.declared(acting(request))

    @post("/api/v1/named-tasks", summary="Run a task of the stacks on envoys")
    async def create_named_task(request: Request[Any, Any, Any], data: JSONBody[NewNamedTask]) -> CreatedTask:
        return await service.create_named(acting(request), data)

    @get("/api/v1/saved-queries", summary="List the queries that the stacks declare", sync_to_thread=False)
    def list_saved_queries(request: Request[Any, Any, Any]) -> SavedQueries:
        return service.saved_queries(acting(request))

    return [list_named_tasks, create_named_task, list_saved_queries]

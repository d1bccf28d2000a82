"""Tasks and workflows: what runs, what it prints, and how it ended."""

from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.types import ControllerRouterHandler

from vigo.core.target import Target
from vigo.server.features.pages.forms import form_of, number_of
from vigo.server.features.pages.parts import Parts
from vigo.server.features.pages.rendering import PageRequest, Pages, led_to
from vigo.server.features.tasks.models import NewNamedTask, NewTask, TaskItem
from vigo.server.features.workflows.models import Approval, NewWorkflowRun, WorkflowRunItem
from vigo.server.platform.web.csv_text import csv_response
from vigo.server.platform.web.guarding import acting
from vigo.server.platform.web.paging import Limit, number_cursor

_LONGEST_SECONDS: Final = 24 * 3600
_MOST_SHOWN: Final = 200


def routes(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    """Return the pages of tasks and workflows."""
    return [*_tasks(pages, parts), *_task_acts(pages, parts), *_workflows(pages, parts), *_workflow_acts(parts)]


def _tasks(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @get("/tasks")
    async def tasks_page(
        request: PageRequest, limit: Limit = 100, cursor: FromQuery[str | None] = None, part: FromQuery[str] = ""
    ) -> Response[Any]:
        actor = acting(request)
        found = await parts.tasks.list(actor, number_cursor(cursor), limit)
        if part == "csv":
            return csv_response("tasks", found.items, TaskItem)
        return pages.response(request, "tasks.html", tasks=found, declared=parts.tasks.declared(actor).items)

    @get("/tasks/{task_id:str}")
    async def task_page(request: PageRequest, task_id: FromPath[str], part: FromQuery[str] = "") -> Response[Any]:
        task = await parts.tasks.show(acting(request), task_id)
        template = "task_state.html" if part == "state" else "task.html"
        return pages.response(request, template, task=task, most=_MOST_SHOWN)

    return [tasks_page, task_page]


def _task_acts(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @post("/tasks", status_code=200)
    async def run_task(request: PageRequest) -> Response[Any]:
        form = await form_of(request)
        timeout = min(number_of(form, "timeout", 300), _LONGEST_SECONDS)
        wanted = NewTask(
            target=_target(form),
            command=form.get("command", ""),
            timeout_seconds=float(timeout),
            dry_run="dry_run" in form,
        )
        made = await parts.tasks.create(acting(request), wanted)
        if made.id is None:
            return pages.response(request, "meant.html", meant=made.items, most=_MOST_SHOWN)
        return led_to(f"/tasks/{made.id}")

    @post("/named-tasks/{name:str}", status_code=200)
    async def run_named_task(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        wanted = NewNamedTask(name=name, parameters=_parameters(form), target=_target(form), dry_run="dry_run" in form)
        made = await parts.tasks.create_named(acting(request), wanted)
        if made.id is None:
            return pages.response(request, "meant.html", meant=made.items, most=_MOST_SHOWN)
        return led_to(f"/tasks/{made.id}")

    @post("/tasks/{task_id:str}/cancel", status_code=200)
    async def cancel(request: PageRequest, task_id: FromPath[str]) -> Response[Any]:
        await parts.tasks.cancel(acting(request), task_id)
        return led_to(f"/tasks/{task_id}")

    @post("/tasks/{task_id:str}/rerun", status_code=200)
    async def rerun(request: PageRequest, task_id: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        made = await parts.tasks.rerun(acting(request), task_id, failed="failed" in form)
        return led_to(f"/tasks/{made.id}")

    return [run_task, run_named_task, cancel, rerun]


def _workflows(pages: Pages, parts: Parts) -> list[ControllerRouterHandler]:
    @get("/workflows")
    async def workflows_page(
        request: PageRequest, limit: Limit = 100, cursor: FromQuery[str | None] = None, part: FromQuery[str] = ""
    ) -> Response[Any]:
        actor = acting(request)
        found = await parts.workflows.list(actor, number_cursor(cursor), limit)
        if part == "csv":
            return csv_response("workflow-runs", found.items, WorkflowRunItem)
        declared = parts.workflows.declared(actor).items
        return pages.response(request, "workflows.html", runs=found, declared=declared)

    @get("/workflow-runs/{run_id:str}")
    async def workflow_page(request: PageRequest, run_id: FromPath[str], part: FromQuery[str] = "") -> Response[Any]:
        run = await parts.workflows.show(acting(request), run_id)
        template = "workflow_state.html" if part == "state" else "workflow_run.html"
        return pages.response(request, template, run=run)

    return [workflows_page, workflow_page]


def _workflow_acts(parts: Parts) -> list[ControllerRouterHandler]:
    @post("/workflows/{name:str}/runs", status_code=200)
    async def run_workflow(request: PageRequest, name: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        made = await parts.workflows.run(acting(request), NewWorkflowRun(name=name, parameters=_parameters(form)))
        return led_to(f"/workflow-runs/{made.id}")

    @post("/workflow-runs/{run_id:str}/approve", status_code=200)
    async def approve(request: PageRequest, run_id: FromPath[str]) -> Response[Any]:
        form = await form_of(request)
        await parts.workflows.approve(acting(request), run_id, Approval(step=form.get("step") or None))
        return led_to(f"/workflow-runs/{run_id}")

    @post("/workflow-runs/{run_id:str}/abort", status_code=200)
    async def abort(request: PageRequest, run_id: FromPath[str]) -> Response[Any]:
        await parts.workflows.abort(acting(request), run_id)
        return led_to(f"/workflow-runs/{run_id}")

    return [run_workflow, approve, abort]


def _target(form: dict[str, str]) -> Target:
    """Return who is meant; nothing said is nobody, which the service refuses."""
    return Target(
        hosts=tuple(form.get("hosts", "").split()),
        environment=form.get("environment", "").strip() or None,
        role=form.get("role", "").strip() or None,
    )


def _parameters(form: dict[str, str]) -> dict[str, str]:
    prefix = "parameter."
    return {name.removeprefix(prefix): value for name, value in form.items() if name.startswith(prefix) and value}

// An admin app: previews the cancellation of an exam, confirms it, and follows it to its end.
import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Operation = components["schemas"]["AdminOperation"];

const [origin, key, admin, exam] = process.argv.slice(2) as [string, string, string, string];
const api = createClient<paths>({
  baseUrl: `${origin}/api/v1`,
  headers: { Authorization: `Bearer ${key}` },
});
const ended = new Set<Operation["state"]>(["done", "stopped", "called off"]);

const by = (idempotencyKey: string) => ({
  header: { "Idempotency-Key": idempotencyKey, "Acting-Admin": admin },
});

function got<T>(answer: { data?: T; error?: components["schemas"]["ProblemDetails"] }): T {
  if (answer.data === undefined) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

async function follow(operationId: string): Promise<Operation> {
  const path = { operation_id: operationId };
  for (let looks = 0; looks < 600; looks += 1) {
    const params = { path, header: { "Acting-Admin": admin } };
    const operation = got(await api.GET("/admin/operations/{operation_id}", { params }));
    if (ended.has(operation.state)) return operation;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`operation ${operationId} goes on`);
}

const cancel: components["schemas"]["PlanWish"] = { kind: "cancel", exam_ids: [exam] };
const preview = { params: by(`preview-${exam}`), body: cancel };
const plan = got(await api.POST("/admin/plans", preview));
const again = got(await api.POST("/admin/plans", preview));

const body = { plan_id: plan.plan_id, reason: "The room is flooded" };
const confirmed = got(await api.POST("/admin/operations", { params: by(`yes-${exam}`), body }));
const done = await follow(confirmed.operation_id);
const { rows } = got(
  await api.GET("/admin/operations/{operation_id}/rows", {
    params: {
      path: { operation_id: done.operation_id },
      query: { state: ["done"], limit: 50 },
      header: { "Acting-Admin": admin },
    },
  }),
);
const refused = await api.POST("/admin/operations/{operation_id}/retry", {
  params: { path: { operation_id: done.operation_id }, ...by(`retry-${exam}`) },
  body: {},
});

console.log(
  JSON.stringify({
    plan,
    samePlan: again.plan_id === plan.plan_id,
    done,
    records: rows.map((row) => row.record_id),
    refused: refused.error?.type,
  }),
);

// What the description forbids does not compile. Never called.
export async function wrong(): Promise<void> {
  // @ts-expect-error a kind that the API does not have
  await api.POST("/admin/plans", { params: by("1"), body: { kind: "steal", exam_ids: [exam] } });
  // @ts-expect-error nobody is named who acts
  await api.GET("/admin/plans/{plan_id}", { params: { path: { plan_id: "1" } } });
  // @ts-expect-error a confirmation without a reason
  await api.POST("/admin/operations", { params: by("1"), body: { plan_id: "1" } });
}

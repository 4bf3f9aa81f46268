export function SagasPage() {
  return null;
}

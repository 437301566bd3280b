/** The sign of the project, as in icon.svg: streams that become one. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" class="mark-ground" />
      <path d="M7 6c0 7 9 6 9 13v7M25 6c0 7-9 6-9 13M16 6v20" class="mark-streams" />
    </svg>
  );
}

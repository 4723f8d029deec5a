using System.Collections.Immutable;
using Dashboard.Core.Registry;

namespace Dashboard.Core.Attention;

/// <summary>Leads each finding through its life: pending until it has held for long enough, firing until it has been gone for long enough, resolved for some minutes. For one caller at a time.</summary>
internal sealed class AlertLife(AttentionOptions options)
{
    /// <summary>How many alerts are kept at most, and twice as many with the critical. A mesh that loses everything at once is told by its services; the thousandth instance helps nobody.</summary>
    public const int Maximum = 1000;

    /// <summary>How long a resolved alert stays on the board.</summary>
    public static readonly TimeSpan KeptAfterEnd = TimeSpan.FromMinutes(15);

    private readonly Dictionary<AlertKey, Course> _courses = [];
    private readonly List<AlertKey> _ended = [];
    private ImmutableDictionary<long, AlertMark> _marks = ImmutableDictionary<long, AlertMark>.Empty;
    private int _look;

    /// <summary>One look.</summary>
    /// <param name="findings">Every condition that holds now.</param>
    /// <param name="marks">What operators acknowledged and silenced.</param>
    /// <param name="before">The board of the look before.</param>
    /// <returns>The next board with what changed; null = nothing did.</returns>
    public AlertBoardUpdate? Step(List<Finding> findings, ImmutableDictionary<long, AlertMark> marks, AlertBoard before, DateTimeOffset now)
    {
        _look++;
        _marks = marks;
        var omitted = 0;
        var changed = ImmutableArray.CreateBuilder<Alert>();
        foreach (var finding in findings)
        {
            // The critical still find room when the others have taken theirs.
            if (!_courses.TryGetValue(finding.Key, out var course))
            {
                if (_courses.Count >= (options.Of(finding.Key.Rule).Severity == AlertSeverity.Critical ? 2 * Maximum : Maximum))
                {
                    omitted++;
                    continue;
                }

                _courses[finding.Key] = course = new();
            }

            course.Look = _look;
            Next(course, finding, now, changed);
        }

        _ended.Clear();
        foreach (var (key, course) in _courses)
        {
            if (course.Look != _look && Fade(course, now, changed))
                _ended.Add(key);
        }

        foreach (var key in _ended)
            _courses.Remove(key);

        if (changed.Count == 0 && _ended.Count == 0 && omitted == before.Omitted)
            return null;

        return new(new([.. AlertBoard.Sort(_courses.Values.Select(course => course.Alert!))], omitted), changed.ToImmutable());
    }

    private void Next(Course course, Finding finding, DateTimeOffset now, ImmutableArray<Alert>.Builder changed)
    {
        var settings = options.Of(finding.Key.Rule);
        course.GoneSince = null;
        if (course.Alert is null or { State: AlertState.Resolved })
        {
            var since = finding.Since is { } known && known < now ? known : now;
            course.Alert = null;
            Set(course, new(finding, settings.Severity, AlertState.Pending, since), now, changed);
        }

        var alert = course.Alert!;
        if (!ReferenceEquals(alert.Finding, finding) && alert.Finding != finding)
            alert = alert with { Finding = finding };
        if (alert.State == AlertState.Pending && now - alert.Since >= settings.For)
            alert = alert with { State = AlertState.Firing, FiringSince = now };
        Set(course, alert, now, changed);
    }

    /// <summary>What becomes of an alert whose condition does not hold. True when it is over and done with.</summary>
    private bool Fade(Course course, DateTimeOffset now, ImmutableArray<Alert>.Builder changed)
    {
        var alert = course.Alert!;
        switch (alert.State)
        {
            case AlertState.Pending:
                return true;
            case AlertState.Resolved:
                return now - alert.ResolvedAt >= KeptAfterEnd;
            default:
                course.GoneSince ??= now;
                if (now - course.GoneSince >= options.Of(alert.Key.Rule).Clear)
                    alert = alert with { State = AlertState.Resolved, ResolvedAt = now };
                Set(course, alert, now, changed);
                return false;
        }
    }

    private void Set(Course course, Alert alert, DateTimeOffset now, ImmutableArray<Alert>.Builder changed)
    {
        var (acknowledgement, silence) = alert.State == AlertState.Resolved ? (null, null) : Marks(alert.Finding, now);
        if (!ReferenceEquals(acknowledgement, alert.Acknowledgement) || !ReferenceEquals(silence, alert.Silence))
            alert = alert with { Acknowledgement = acknowledgement, Silence = silence };
        if (ReferenceEquals(alert, course.Alert))
            return;

        course.Alert = alert;
        changed.Add(alert);
    }

    private (AlertMark? Acknowledgement, AlertMark? Silence) Marks(Finding finding, DateTimeOffset now)
    {
        AlertMark? acknowledgement = null;
        AlertMark? silence = null;
        foreach (var (_, mark) in _marks)
        {
            if (mark.Until <= now || !Alert.Covers(mark.Match, finding))
                continue;

            if (mark.Kind == AlertMarkKind.Acknowledgement)
                acknowledgement = mark;
            else if (silence is null || mark.Until > silence.Until)
                silence = mark;
        }

        return (acknowledgement, silence);
    }

    private sealed class Course
    {
        public Alert? Alert { get; set; }

        public DateTimeOffset? GoneSince { get; set; }

        public int Look { get; set; }
    }
}

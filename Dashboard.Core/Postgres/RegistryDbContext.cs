using Dashboard.Core.Postgres.Rows;
using Microsoft.EntityFrameworkCore;

namespace Dashboard.Core.Postgres;

/// <summary>The stored registry for queries. <c>db/</c> is the one truth of the schema, and a test holds this model to it; the writer uses no context.</summary>
internal sealed class RegistryDbContext(DbContextOptions<RegistryDbContext> options) : DbContext(options)
{
    public DbSet<HeadRow> Heads => Set<HeadRow>();

    public DbSet<ServiceRow> Services => Set<ServiceRow>();

    public DbSet<InstanceRow> Instances => Set<InstanceRow>();

    public DbSet<OperatorStateRow> OperatorStates => Set<OperatorStateRow>();

    public DbSet<NodeRow> Nodes => Set<NodeRow>();

    public DbSet<OperationRow> Operations => Set<OperationRow>();

    public DbSet<PlanRow> Plans => Set<PlanRow>();

    public DbSet<AlertMarkRow> AlertMarks => Set<AlertMarkRow>();

    public DbSet<ChangeRow> Changes => Set<ChangeRow>();

    public DbSet<ChangeCheckpointRow> ChangeCheckpoints => Set<ChangeCheckpointRow>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<HeadRow>(row =>
        {
            row.ToTable("head").HasKey(r => r.Singleton);
            row.Property(r => r.Singleton).ValueGeneratedNever();
            row.Property(r => r.Withholding).HasColumnType("json");
        });
        modelBuilder.Entity<ChangeCheckpointRow>(row =>
        {
            row.ToTable("change_checkpoint").HasKey(r => r.Singleton);
            row.Property(r => r.Singleton).ValueGeneratedNever();
        });
        modelBuilder.Entity<ServiceRow>(row =>
        {
            row.ToTable("service").HasKey(r => r.Name);
            row.Property(r => r.Settings).HasColumnType("json");
            row.Property(r => r.Brake).HasColumnType("json");
        });
        modelBuilder.Entity<InstanceRow>(row =>
        {
            row.ToTable("instance").HasKey(r => new { r.Service, r.Id });
            row.Property(r => r.Metadata).HasColumnType("json");
            row.Property(r => r.Health).HasColumnType("json");
        });
        modelBuilder.Entity<OperatorStateRow>(row =>
        {
            row.ToTable("operator_state").HasKey(r => new { r.Service, r.Instance });
            row.Property(r => r.Intent).HasColumnType("json");
            row.Property(r => r.Ramp).HasColumnType("json");
        });
        modelBuilder.Entity<NodeRow>(row =>
        {
            row.ToTable("node").HasKey(r => r.Name);
            row.Property(r => r.Intent).HasColumnType("json");
        });
        modelBuilder.Entity<OperationRow>(row =>
        {
            row.ToTable("operation").HasKey(r => r.Id);
            row.Property(r => r.Id).ValueGeneratedNever();
            row.Property(r => r.State).HasColumnType("json");
        });
        modelBuilder.Entity<PlanRow>(row =>
        {
            row.ToTable("plan").HasKey(r => r.Id);
            row.Property(r => r.Id).ValueGeneratedNever();
            row.Property(r => r.Definition).HasColumnType("json");
            row.Property(r => r.Progress).HasColumnType("json");
        });
        modelBuilder.Entity<AlertMarkRow>(row =>
        {
            row.ToTable("alert_mark").HasKey(r => r.Id);
            row.Property(r => r.Id).ValueGeneratedNever();
            row.Property(r => r.Mark).HasColumnType("json");
        });
        modelBuilder.Entity<ChangeRow>(row =>
        {
            row.ToTable("change").HasKey(r => r.Revision);
            row.Property(r => r.Revision).ValueGeneratedNever();
            row.Property(r => r.Before).HasColumnType("json");
            row.Property(r => r.After).HasColumnType("json");
        });
    }
}
